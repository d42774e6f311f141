"""Uploads a local dataset folder to the data bucket."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import typer
from boto3.exceptions import Boto3Error

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.cli.deployment import Deployment
from tuner.cli.errors import CommandError
from tuner.core import run
from tuner.core.file_formats import accepted_names
from tuner.core.run import INCOMING, UPLOADING, role_of
from tuner.core.strict_model import JsonObject
from tuner.datasets import LocalFile, Source
from tuner.datasets.io import files_below
from tuner.intake.arrival import files_fit, too_large, too_many_files
from tuner.intake.manifest import refuse_rule_without_guard
from tuner.intake.unused_files import can_start, no_training_file
from tuner.settings import RunSettings, load, parse_document, read_document

_TRAINING_FILE = accepted_names("training")


@dataclass(frozen=True, slots=True)
class FileToUpload:
    """A file of the dataset: its name in the bucket, its local path, its size in bytes and the hash of its content."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """A local dataset: the files to upload, and the names of files that are not part of a dataset."""

    dataset: str
    files: tuple[FileToUpload, ...]
    ignored: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def sources(self) -> dict[str, Source]:
        """The files by their names in the dataset."""
        return {file.name: LocalFile(file.path) for file in self.files}

    @property
    def settings_name(self) -> str:
        """The settings file as the user named it."""
        return next((str(file.path) for file in self.files if role_of(file.name) == "settings"), "run.yaml")

    def settings(self) -> JsonObject:
        """The keys and values of the settings file; empty without one."""
        found = next((file for file in self.files if role_of(file.name) == "settings"), None)
        return parse_document(read_document(LocalFile(found.path).chunks()), str(found.path)) if found else {}

    def run_id(self, repeat: int = 0) -> str:
        """The id of the run that this content starts. The id depends on names and content only."""
        return run.run_id(self.dataset, [(file.name, file.sha256) for file in self.files], repeat)

    def key(self, file: FileToUpload) -> str:
        """The object key of a file in the data bucket."""
        return f"{INCOMING}{self.dataset}/{file.name}"


def read(folder: Path, dataset: str | None, settings: Path | None) -> DatasetFolder:
    """Reads the dataset in `folder` and checks its names and settings.

    Raises CommandError, SettingsError, or DatasetError for a file that is not in the folder or no regular file.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise typer.BadParameter(f"{folder} {what}: name a folder with {_TRAINING_FILE}.", param_hint="PATH")
    # Other files of the folder are named and not read, so a link among them does no harm.
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    found |= files_below(folder, _is_of_dataset)
    ignored = [name for name in found if role_of(name) is None]
    chosen = {name: path for name, path in found.items() if role_of(name)}
    if settings:
        # The folder's own settings stay out: two settings files in one dataset are an error.
        replaced = [name for name in chosen if role_of(name) == "settings"]
        ignored += replaced
        chosen = {name: path for name, path in chosen.items() if name not in replaced}
        chosen[_settings_name(settings)] = settings
    _check(folder, chosen, found)
    if reason := too_large(str(folder), sum(path.stat().st_size for path in chosen.values())):
        raise CommandError(reason)
    files = tuple(FileToUpload(name, path, path.stat().st_size, _sha256(path)) for name, path in sorted(chosen.items()))
    read = DatasetFolder(_dataset(folder, dataset), files, tuple(ignored))
    if not files_fit(read.dataset, chosen):
        raise CommandError(too_many_files(str(folder), len(files)))
    return read


def send(deployment: Deployment, folder: DatasetFolder, sent: Callable[[int], None]) -> list[str]:
    """Uploads the files. `sent` is called with the number of bytes of every part that was sent.

    Files of an earlier upload that the local folder no longer has are deleted, because the run would use them. Their
    names are returned. The bucket keeps their versions. Raises CommandError when a file is not the one that was read.
    """
    s3 = client("s3")
    stale = _stale(deployment, folder)
    with mapped_errors(
        f"delete files of an earlier upload in s3://{deployment.data_bucket}/{INCOMING}{folder.dataset}/"
    ):
        for name in stale:
            s3.delete_object(Bucket=deployment.data_bucket, Key=f"{INCOMING}{folder.dataset}/{name}")
    with _marked(deployment, folder):
        _send(deployment, folder, sent)
    return stale


@contextmanager
def _marked(deployment: Deployment, folder: DatasetFolder) -> Iterator[None]:
    """Marks the folder while its files are uploaded: documents, which go first, would start a run of their own.

    The marker of an upload that fails stays, so that a part of the documents starts no run.
    """
    if not any(role_of(file.name) == "documents" for file in folder.files):
        yield
        return
    place = {"Bucket": deployment.data_bucket, "Key": f"{INCOMING}{folder.dataset}/{UPLOADING}"}
    with mapped_errors(f"write s3://{place['Bucket']}/{place['Key']}"):
        client("s3").put_object(**place, Body=b"")
    yield
    with mapped_errors(f"delete s3://{place['Bucket']}/{place['Key']}"):
        client("s3").delete_object(**place)


def _send(deployment: Deployment, folder: DatasetFolder, sent: Callable[[int], None]) -> None:
    s3 = client("s3")
    # The training file goes last: its upload starts the run, which needs all other files.
    for file in sorted(folder.files, key=lambda file: role_of(file.name) == "training"):
        where = f"s3://{deployment.data_bucket}/{folder.key(file)}"
        try:
            with _unchanged(file) as opened:
                # upload_fileobj sends large files in parts, in parallel, and repeats failed parts.
                s3.upload_fileobj(opened, deployment.data_bucket, folder.key(file), Callback=sent)
        except (Boto3Error, OSError) as error:
            raise CommandError(f"Could not upload {file.path} to {where}: {error}") from error


def _stale(deployment: Deployment, folder: DatasetFolder) -> list[str]:
    prefix = f"{INCOMING}{folder.dataset}/"
    ours = {file.name for file in folder.files}
    with mapped_errors(f"list s3://{deployment.data_bucket}/{prefix}"):
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=deployment.data_bucket, Prefix=prefix)
        names = [entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])]
    return [name for name in names if role_of(name) and name not in ours]


@contextmanager
def _unchanged(file: FileToUpload) -> Iterator[BinaryIO]:
    """The open file that was checked. Raises CommandError when its content is another, also after the block."""
    error = CommandError(f"{file.path} changed after it was checked. Run the command again.")
    descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK)  # opening a pipe would wait
    try:
        before = os.fstat(descriptor)
        with os.fdopen(os.dup(descriptor), "rb") as opened:
            if not stat.S_ISREG(before.st_mode) or hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                raise error
            opened.seek(0)
            yield opened
        after = os.fstat(descriptor)
        if (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size):
            raise error
    finally:
        os.close(descriptor)


def _is_of_dataset(name: str) -> bool:
    """Whether a file or folder is part of a dataset, by its name."""
    return role_of(name) is not None or f"{name}/".startswith("documents/")


def _check(folder: Path, chosen: dict[str, Path], found: Collection[str]) -> None:
    roles: dict[str, list[str]] = {}
    for name in chosen:
        roles.setdefault(str(role_of(name)), []).append(name)
    if not can_start(found):
        raise typer.BadParameter(no_training_file(str(folder), found), param_hint="PATH")
    for role, names in roles.items():
        if role != "documents" and len(names) > 1:
            raise CommandError(f"{folder} has {' and '.join(names)}: keep one of them.")
    for name in roles.get("settings", []):
        path = chosen[name]
        loaded = load(RunSettings, parse_document(read_document(LocalFile(path).chunks()), str(path)), str(path))
        refuse_rule_without_guard(str(path), loaded, [role_of(each) for each in chosen])


def _settings_name(path: Path) -> str:
    if not path.is_file():
        raise typer.BadParameter(f"there is no file '{path}' with the keys of run.yaml.", param_hint="--settings")
    return "run.json" if path.suffix == ".json" else "run.yaml"


def _dataset(folder: Path, given: str | None) -> str:
    name = folder.resolve().name if given is None else given
    if not name or "/" in name or name in (".", ".."):
        raise typer.BadParameter(f"'{name}' is no name of a dataset: give one without '/'.", param_hint="--dataset")
    return name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
