"""Reads and writes the files and folders that `tuner data` commands name: local paths and `s3://` addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from tuner.aws.s3.objects import ObjectSource, keys_below, object_address
from tuner.catalog import model as model_of
from tuner.cli.terminal.outputs import output_sink
from tuner.cli.terminal.standard_input import local_input
from tuner.core.errors import AccessDeniedError, AwsError, ModelUnavailableError, RetryableError
from tuner.core.file_formats import COMPRESSIONS, ENDINGS
from tuner.datasets import DataRole, LocalFile, RecordLimits, Sink, Source, io


def data_limits(model: str, role: DataRole, system_prompt: str | None = None, hint: str = "--model") -> RecordLimits:
    """The limits that the model sets for a file of this role. Raises BadParameter for an unknown model."""
    try:
        return RecordLimits(model_of(model), role, system_prompt)
    except ModelUnavailableError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None


def data_source(address: str, hint: str = "FILE") -> Source:
    """The file at a path or an `s3://` address; for `-`, standard input. Raises BadParameter for anything else."""
    if place := object_address(address):
        return ObjectSource(*place)
    address = str(local_input(address, hint))
    if Path(address).is_dir():
        raise typer.BadParameter(f"'{address}' is a folder: name a file in it.", param_hint=hint)
    if not Path(address).exists():
        what = "file or folder" if hint == "PATH" else "file"
        raise typer.BadParameter(f"there is no {what} '{address}'.", param_hint=hint)
    if not Path(address).is_file():
        raise typer.BadParameter(f"'{address}' is no regular file: name '-' and pipe it in.", param_hint=hint)
    return LocalFile(Path(address))


def data_sink(address: str, sources: Sequence[str | Path], force: bool) -> Sink:
    """Where a command writes JSONL. Raises BadParameter when the address must not be written."""
    if address.endswith(tuple(COMPRESSIONS)):
        raise typer.BadParameter("the output is not compressed: name a .jsonl file.", param_hint="--output")
    return output_sink(address, sources, force)


def is_folder(address: str) -> bool:
    """Whether a path or an `s3://` address is a folder. Raises AwsError when S3 refuses to list it."""
    place = object_address(address)
    if place is None:
        return Path(address).is_dir()
    bucket, key = place
    if not key or key.endswith("/"):
        return True
    # A name with the ending of a data file is not listed: a caller who may read the object may lack s3:ListBucket.
    return not key.lower().endswith(ENDINGS) and any(True for _ in keys_below(bucket, f"{key}/"))


def files_below(address: str) -> dict[str, Source]:
    """The files below a folder, by their path in it. `docs` does not match `docs-old/`.

    Raises AwsError; DatasetError for a local file that is not in the folder, or no regular file.
    """
    if place := object_address(address):
        bucket, key = place
        folder = f"{key.rstrip('/')}/" if key else ""
        return {found.removeprefix(folder): ObjectSource(bucket, found) for found in keys_below(bucket, folder)}
    return {name: LocalFile(path) for name, path in io.files_below(Path(address)).items()}


@contextmanager
def read_errors_as_usage_errors(hint: str = "FILE") -> Iterator[None]:
    """Turns an error of reading into BadParameter (exit status 2).

    Exit status 1 means "the data has errors", and a file that cannot be read says nothing about its data.
    """
    try:
        yield
    except (AwsError, AccessDeniedError, RetryableError) as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except BrokenPipeError:  # of standard output
        raise
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        raise typer.BadParameter(f"{where}{error.strerror}.", param_hint=hint) from None
