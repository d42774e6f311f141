"""Files that the commands on data are given: here, or in S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from tuner.aws.s3.objects import ObjectSink, ObjectSource, object_address
from tuner.catalog import model as model_of
from tuner.core.errors import AccessDeniedError, AwsError, ModelUnavailableError, RetryableError
from tuner.datasets import Limits, LocalFile, LocalSink, Role, Sink, Source


def data_limits(model: str, role: Role, system_prompt: str | None = None, hint: str = "--model") -> Limits:
    """What a file is held to. Raises BadParameter for a model that the catalog does not know."""
    try:
        return Limits(model_of(model), role, system_prompt)
    except ModelUnavailableError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None


def data_source(address: str, hint: str = "FILE") -> Source:
    """The file at a path or an `s3://` address. Raises BadParameter for a path without one."""
    if place := object_address(address):
        return ObjectSource(*place)
    if Path(address).is_dir():
        raise typer.BadParameter(f"'{address}' is a folder: name a file in it.", param_hint=hint)
    if not Path(address).is_file():
        what = "file or folder" if hint == "PATH" else "file"
        raise typer.BadParameter(f"there is no {what} '{address}'.", param_hint=hint)
    return LocalFile(Path(address))


def data_sink(address: str) -> Sink:
    """Where to write JSONL. Raises BadParameter when nothing can be written there."""
    if address.endswith((".gz", ".zst")):
        raise typer.BadParameter("what is written is not compressed: name a .jsonl file.", param_hint="--output")
    if place := object_address(address):
        return ObjectSink(*place)
    path = Path(address)
    if path.is_dir():
        raise typer.BadParameter(f"'{address}' is a folder: name a file in it.", param_hint="--output")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder '{path.parent}'.", param_hint="--output")
    try:
        return LocalSink(path)
    except OSError as error:
        raise typer.BadParameter(f"'{address}' cannot be written: {error.strerror}.", param_hint="--output") from None


@contextmanager
def reading(hint: str = "FILE") -> Iterator[None]:
    """What cannot be read says nothing about its content, so it is a wrong call: raises BadParameter."""
    try:
        yield
    except (AwsError, AccessDeniedError, RetryableError) as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        raise typer.BadParameter(f"{where}{error.strerror}.", param_hint=hint) from None
