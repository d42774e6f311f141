"""Arguments and options that several `tuner data` commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

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
RoleOption = Annotated[RoleName, typer.Option("--role", metavar="ROLE", help="training, validation or evaluation.")]


def field_names(
    prompt_field: Annotated[str | None, typer.Option(metavar="NAME", help="Field that holds the question.")] = None,
    completion_field: Annotated[str | None, typer.Option(metavar="NAME", help="Field that holds the answer.")] = None,
    ignore_field: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Field to leave out. Can be given several times.")
    ] = None,
    minimum: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUE", help="Leave out records with less in this field. Can be given several times."
        ),
    ] = None,
    records: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where the records are inside a JSON object, such as data.items.")
    ] = None,
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
        prompt=prompt_field,
        completion=completion_field,
        ignore=tuple(ignore_field or ()),
        minimum=least,
        records=records or None,
    )


def with_field_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `field_names`, in place of its parameter `names`, which gets their result."""
    own, shared = (inspect.signature(function, eval_str=True).parameters for function in (command, field_names))

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        names = field_names(**{option: given.pop(option) for option in shared})
        command(**given, names=names)

    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        parameters += shared.values() if name == "names" else [parameter]
    # Typer reads the options from the signature and the annotations. All are given by name, so their order is free.
    by_name = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    wrapped.__signature__ = inspect.Signature(by_name)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del wrapped.__wrapped__
    return wrapped
