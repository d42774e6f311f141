"""Options that several commands share, and the deployment that they select."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tuner.cli import deployment
from tuner.cli.checks import account
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.local_cloud import use_local_cloud
from tuner.cli.terminal import hints
from tuner.settings import FieldNames

Stack = Annotated[
    str,
    typer.Option(metavar="NAME", envvar="TUNER_STACK", callback=hints.remember, help="Name of the deployed stack."),
]
StackIfAny = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        callback=hints.remember,
        help="Use this deployment's settings and prices (calls AWS).",
    ),
]
Local = Annotated[
    bool,
    typer.Option("--local", envvar="TUNER_LOCAL", callback=hints.remember, help="Use the local cloud, not AWS."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
Reference = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, a unique prefix of one, or 'latest'."),
]
NO_NAMES = FieldNames()


def connect(stack: str = DEFAULT_STACK, on_local: bool = False) -> Deployment:
    """The deployment that the options select."""
    choose_cloud(on_local)
    return deployment.find(stack)


def choose_cloud(on_local: bool) -> None:
    """Points this process at the local cloud, or at the Region that AWS_REGION names."""
    if on_local:
        use_local_cloud()
    else:
        deployment.use_region()
        _refuse_unknown_region()


def _refuse_unknown_region() -> None:
    """Raises CommandError for a name that is no Region: a call would wait for a host that does not exist."""
    region = os.environ.get("AWS_DEFAULT_REGION")
    wrong = account.unknown_region(region) if region else None
    if wrong:
        raise CommandError(f"{wrong.message} {wrong.remedy}")


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
