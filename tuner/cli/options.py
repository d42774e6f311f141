"""Options that several commands share, and the deployment that they select."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tuner.cli import deployment
from tuner.cli.checks import account
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.local_cloud import use_local_cloud
from tuner.cli.terminal import hints

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


def connect(stack: str = DEFAULT_STACK, on_local: bool = False) -> Deployment:
    """The deployment that the options select."""
    if on_local:
        use_local_cloud()
    else:
        deployment.use_region()
        _refuse_unknown_region()
    return deployment.find(stack)


def _refuse_unknown_region() -> None:
    """Raises CommandError for a name that is no Region: a call would wait for a host that does not exist."""
    region = os.environ.get("AWS_DEFAULT_REGION")
    wrong = account.unknown_region(region) if region else None
    if wrong:
        raise CommandError(f"{wrong.message} {wrong.remedy}")
