"""`tuner data convert`: writes a file in the format of a model's family."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.commands.data.display import finish_with_file
from tuner.cli.commands.data.inputs import data_limits, data_sink, data_source, read_errors_as_usage_errors
from tuner.cli.commands.data.options import (
    CompletionField,
    File,
    ModelId,
    PromptField,
    RoleName,
    RoleOption,
    SystemPrompt,
)
from tuner.cli.options import Json
from tuner.datasets import convert as convert_file
from tuner.settings import FieldNames


def convert(
    file: File,
    model: ModelId,
    output: Annotated[str, typer.Option(metavar="FILE", help="Where to write: a local file or an s3:// address.")],
    role: RoleOption = RoleName.TRAINING,
    system_prompt: SystemPrompt = None,
    prompt_field: PromptField = None,
    completion_field: CompletionField = None,
    as_json: Json = False,
) -> None:
    """Write a file in the format of a model's family. A file with an error is not written at all."""
    limits, source, sink = data_limits(model, role.value, system_prompt), data_source(file), data_sink(output)
    names = FieldNames(prompt=prompt_field, completion=completion_field)
    with read_errors_as_usage_errors():
        done = convert_file(source, limits, names, sink)
    finish_with_file(done, as_json)
