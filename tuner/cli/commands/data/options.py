"""Arguments and options that several `tuner data` commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tuner.settings import DeploymentSettings, FieldNames


class RoleName(StrEnum):
    """What a dataset file is used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    EVALUATION = "evaluation"


File = Annotated[str, typer.Argument(metavar="FILE", help="A local file or an s3:// address.", show_default=False)]
DEFAULT_MODEL = DeploymentSettings().base_model
ModelId = Annotated[str, typer.Option("--model", metavar="ID", help="The model to customize.")]
SystemPrompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="System prompt for every record that has none of its own.")
]
PromptField = Annotated[str | None, typer.Option(metavar="NAME", help="Field that holds the question.")]
CompletionField = Annotated[str | None, typer.Option(metavar="NAME", help="Field that holds the answer.")]
RoleOption = Annotated[RoleName, typer.Option("--role", metavar="ROLE", help="training, validation or evaluation.")]
IgnoreField = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Field to leave out. Can be given several times.")
]
Minimum = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD=VALUE", help="Leave out records with less in this field. Can be given several times."),
]
Records = Annotated[
    str | None, typer.Option(metavar="PATH", help="Where the records are inside a JSON object, such as data.items.")
]


def field_names(
    prompt: str | None,
    completion: str | None,
    ignore: list[str] | None,
    minimum: list[str] | None,
    records: str | None,
) -> FieldNames:
    """The field names of the command line. Raises BadParameter for a minimum that is no number."""
    least = {}
    for text in minimum or ():
        name, _, value = text.rpartition("=")
        try:
            least[name] = float(value)
        except ValueError:
            raise typer.BadParameter(f"'{text}': write FIELD=NUMBER.", param_hint="--minimum") from None
        if not name:
            raise typer.BadParameter(f"'{text}': write FIELD=NUMBER.", param_hint="--minimum")
    return FieldNames(
        prompt=prompt, completion=completion, ignore=tuple(ignore or ()), minimum=least, records=records or None
    )
