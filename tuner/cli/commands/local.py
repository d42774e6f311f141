"""`tuner local`: the cloud on this machine.

The only module that imports `local`: a checkout has it, an installed wheel has not.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import tuner
from tuner.cli.deployment import local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.terminal.console import emit, progress, say

app = typer.Typer(help="The cloud on this machine: start it, take it down, ask for it.", no_args_is_help=True)


class Engine(StrEnum):
    """What the local Bedrock trains."""

    SMOLLM2 = "smollm2"
    TINY = "tiny"


@app.command()
def up(
    engine: Annotated[
        Engine, typer.Option(metavar="ENGINE", help="smollm2 is a small language model; tiny trains in seconds.")
    ] = Engine.SMOLLM2,
    deploy: Annotated[bool, typer.Option(help="Bootstrap it and deploy the app into it.")] = True,
) -> None:
    """Start the local cloud and deploy the app into it; deploy it again where the cloud already runs."""
    try:
        with progress("Starting the local cloud") as tell:
            state = _cloud().up(engine.value, deploy, tell)
    except KeyboardInterrupt:
        say("\nInterrupted. Go on with: tuner local up. Take down what there is: tuner local down")
        raise typer.Exit(130) from None
    say(f"The local cloud runs on {state.endpoint}. Use it with --local, for instance: tuner run PATH --local", "good")


@app.command()
def down() -> None:
    """Take the local cloud down and delete everything it held."""
    with progress("Taking the local cloud down") as tell:
        existed = _cloud().down(tell)
    say("The local cloud is down." if existed else "There was no local cloud.")


@app.command()
def status() -> None:
    """Print the state of the local cloud as JSON; exit status 1 when it does not run."""
    state = _cloud().status()
    emit(asdict(state))
    if not state.running:
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print what a shell needs to use aws, cdk and tuner with it: eval "$(tuner local env)"."""
    typer.echo(_cloud().env().shell())


def use() -> None:
    """Points this process at the local cloud, unless its environment already does."""
    if local_endpoint():
        return
    wanted = _cloud().env().applied_to(os.environ)
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)


def error_class() -> type[Exception] | None:
    """What `local` raises, when it was used at all."""
    module = sys.modules.get("local.errors")
    return module.LocalCloudError if module else None


def _cloud() -> Any:
    checkout = Path(tuner.__file__).resolve().parents[1]
    if not (checkout / "local" / "cloud.py").is_file():
        raise CommandError(
            "The local cloud is part of the project's checkout, and this command was installed without it. "
            "Clone the project and run 'make demo', or leave --local out to use AWS."
        )
    if str(checkout) not in sys.path:
        sys.path.append(str(checkout))
    try:
        return importlib.import_module("local.cloud")
    except ModuleNotFoundError as error:
        raise CommandError(
            f"The local cloud needs the Python package '{error.name}', which is not installed. Install what it needs: "
            'pip install "bedrock-tuner[local]", or make setup in a checkout.'
        ) from None
