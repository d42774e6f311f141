"""Files that the commands on data are given: here, or in S3."""

from __future__ import annotations

from pathlib import Path

import typer

from tuner.aws.objects import ObjectSink, ObjectSource, object_address
from tuner.catalog import model as model_of
from tuner.datasets import Limits, LocalFile, LocalSink, Role, Sink, Source
from tuner.errors import ModelUnavailableError


def data_limits(model: str, role: Role, system_prompt: str | None = None, hint: str = "--model") -> Limits:
    """What a file is held to. Raises BadParameter for a model that the catalog does not know."""
    try:
        return Limits(model_of(model), role, system_prompt)
    except ModelUnavailableError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None


def data_source(address: str) -> Source:
    """The file at a path or an `s3://` address. Raises BadParameter for a path without one."""
    if place := object_address(address):
        return ObjectSource(*place)
    if not Path(address).is_file():
        raise typer.BadParameter(f"there is no file '{address}'.", param_hint="FILE")
    return LocalFile(Path(address))


def data_sink(address: str) -> Sink:
    """Where to write. Raises BadParameter when the folder is not there."""
    if place := object_address(address):
        return ObjectSink(*place)
    if not Path(address).parent.is_dir():
        raise typer.BadParameter(f"there is no folder '{Path(address).parent}'.", param_hint="--output")
    return LocalSink(Path(address))
