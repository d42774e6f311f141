"""Options that several commands share, and the way from them to the deployment."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli import deployment
from tuner.cli.commands import local
from tuner.cli.deployment import DEFAULT_STACK, Deployment

Stack = Annotated[str, typer.Option(metavar="NAME", envvar="TUNER_STACK", help="Name of the deployed stack.")]
Local = Annotated[bool, typer.Option("--local", envvar="TUNER_LOCAL", help="Use the cloud on this machine, not AWS.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
Reference = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, an unambiguous beginning of one, or 'latest'."),
]


def connect(stack: str = DEFAULT_STACK, on_local: bool = False) -> Deployment:
    """The deployment that the options mean."""
    if on_local:
        local.use()
    else:
        deployment.use_region()
    return deployment.find(stack)
