"""`tuner data split`: divides a file into training and validation data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tuner.cli.commands.data.display import show_fields, show_findings
from tuner.cli.commands.data.inputs import data_limits, data_sink, data_source, read_errors_as_usage_errors
from tuner.cli.commands.data.options import (
    DEFAULT_MODEL,
    File,
    ModelId,
)
from tuner.cli.options import Json, with_field_options
from tuner.cli.terminal.console import emit, say
from tuner.cli.terminal.outputs import Force
from tuner.core.errors import DatasetError
from tuner.datasets import split_file
from tuner.settings import FieldNames


@with_field_options
def split(
    file: File,
    output: Annotated[str, typer.Option(metavar="FOLDER", help="Folder for training.jsonl and validation.jsonl.")],
    model: ModelId = DEFAULT_MODEL,
    fraction: Annotated[
        float, typer.Option(metavar="SHARE", min=0.01, max=0.5, help="Share of the records for validation.")
    ] = 0.15,
    stratify: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Field: every value of it is split in the same proportion.")
    ] = None,
    *,
    names: FieldNames,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Split a file into training and validation data. By content: a record keeps its part when others are appended."""
    limits, source = data_limits(model, "training"), data_source(file)
    folder = output.rstrip("/")
    training, validation = (data_sink(f"{folder}/{name}.jsonl", [file], force) for name in ("training", "validation"))
    try:
        with read_errors_as_usage_errors():
            done = split_file(source, limits, names, fraction, stratify, (training, validation))
    except DatasetError as error:
        raise typer.BadParameter(str(error), param_hint="--stratify") from None
    if as_json:
        counts = {"training": done.training, "validation": done.validation}
        emit({**counts, **asdict(done.fields), **done.findings.as_json()})
    else:
        show_findings(done.findings)
        show_fields(done.fields)
        say(f"{done.training:,} records for training, {done.validation:,} for validation.")
    raise typer.Exit(1 if done.findings.errors else 0)
