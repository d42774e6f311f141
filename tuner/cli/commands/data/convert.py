"""`tuner data convert`: writes a file in the format of a model's family."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.commands.data.display import finish_with_file
from tuner.cli.commands.data.inputs import data_limits, data_sink, data_source, read_errors_as_usage_errors
from tuner.cli.commands.data.options import (
    DEFAULT_MODEL,
    File,
    ModelId,
    RoleName,
    RoleOption,
    SystemPrompt,
)
from tuner.cli.options import Json, with_field_options
from tuner.cli.terminal.outputs import Force, one_use_of_standard_output
from tuner.datasets import convert as convert_file
from tuner.settings import FieldNames


@with_field_options
def convert(
    file: File,
    output: Annotated[str, typer.Option(metavar="FILE", help="A local file, an s3:// address, or - (stdout).")],
    model: ModelId = DEFAULT_MODEL,
    role: RoleOption = RoleName.TRAINING,
    system_prompt: SystemPrompt = None,
    *,
    names: FieldNames,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a file in the format of a model's family. A file with an error is not written at all."""
    one_use_of_standard_output(output, as_json)
    limits, source = data_limits(model, role.value, system_prompt), data_source(file)
    sink = data_sink(output, [file], force)
    with read_errors_as_usage_errors():
        done = convert_file(source, limits, names, sink)
    finish_with_file(done, as_json)
