"""From a folder on this machine to a dataset in the data bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from boto3.exceptions import Boto3Error

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.cli.deployment import Deployment
from tuner.cli.errors import CommandError
from tuner.core import run
from tuner.core.run import INCOMING, role_of
from tuner.settings import RunSettings, load, parse_document

_NAMES = "training.jsonl, training.json or training.csv"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the dataset: its name there, where it is here, its size in bytes and its content's hash."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Drop:
    """What will be uploaded, and the names of what will not."""

    dataset: str
    files: tuple[LocalFile, ...]
    left_out: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def run_id(self, repeat: int = 0) -> str:
        """The id of the run that this content starts."""
        return run.run_id(self.dataset, [(file.name, file.sha256) for file in self.files], repeat)

    def key(self, file: LocalFile) -> str:
        """Where a file goes in the data bucket."""
        return f"{INCOMING}{self.dataset}/{file.name}"


def read(folder: Path, dataset: str | None, settings: Path | None) -> Drop:
    """The dataset in `folder`, checked as far as is quick. Raises CommandError or SettingsError."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise CommandError(f"{folder} {what}: name a folder that holds {_NAMES}.")
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    left_out = [name for name in found if role_of(name) is None]
    chosen = {name: path for name, path in found.items() if role_of(name)}
    if settings:
        replaced = [name for name in chosen if role_of(name) == "settings"]
        left_out += replaced
        chosen = {name: path for name, path in chosen.items() if name not in replaced}
        chosen[_settings_name(settings)] = settings
    _check(folder, chosen)
    files = tuple(LocalFile(name, path, path.stat().st_size, _sha256(path)) for name, path in sorted(chosen.items()))
    return Drop(_dataset(folder, dataset), files, tuple(left_out))


def send(deployment: Deployment, drop: Drop, sent: Callable[[int], None]) -> list[str]:
    """Makes the dataset's folder in S3 what the local one is; `sent` is told every number of bytes.

    Returns the names that an earlier upload had left there and that are deleted now (the bucket keeps their versions):
    the run would have taken them for its own.
    """
    s3 = client("s3")
    stale = _stale(deployment, drop)
    with translated(f"delete what an earlier upload left in s3://{deployment.data_bucket}/{INCOMING}{drop.dataset}/"):
        for name in stale:
            s3.delete_object(Bucket=deployment.data_bucket, Key=f"{INCOMING}{drop.dataset}/{name}")
    # The training file starts the run: last, so that the rest is there.
    for file in sorted(drop.files, key=lambda file: role_of(file.name) == "training"):
        where = f"s3://{deployment.data_bucket}/{drop.key(file)}"
        try:
            s3.upload_file(str(file.path), deployment.data_bucket, drop.key(file), Callback=sent)
        except (Boto3Error, OSError) as error:
            raise CommandError(f"Could not upload {file.path} to {where}: {error}") from error
    return stale


def _stale(deployment: Deployment, drop: Drop) -> list[str]:
    prefix = f"{INCOMING}{drop.dataset}/"
    ours = {file.name for file in drop.files}
    with translated(f"list s3://{deployment.data_bucket}/{prefix}"):
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=deployment.data_bucket, Prefix=prefix)
        names = [entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])]
    return [name for name in names if role_of(name) and name not in ours]


def _check(folder: Path, chosen: dict[str, Path]) -> None:
    roles: dict[str, list[str]] = {}
    for name in chosen:
        roles.setdefault(str(role_of(name)), []).append(name)
    if "training" not in roles:
        raise CommandError(f"{folder} holds no training data: it must have {_NAMES}.")
    for role, names in roles.items():
        if role != "documents" and len(names) > 1:
            raise CommandError(f"{folder} holds {' and '.join(names)}: keep one of them.")
    for name in roles.get("settings", []):
        path = chosen[name]
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise CommandError(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8.") from None
        load(RunSettings, parse_document(text, str(path)), str(path))


def _settings_name(path: Path) -> str:
    if not path.is_file():
        raise CommandError(f"{path} does not exist: --settings takes a YAML or JSON file with the keys of run.yaml.")
    return "run.json" if path.suffix == ".json" else "run.yaml"


def _dataset(folder: Path, given: str | None) -> str:
    name = folder.resolve().name if given is None else given
    if not name or "/" in name or name in (".", ".."):
        raise CommandError(f"'{name}' cannot name a dataset: give a name without '/' with --dataset.")
    return name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
