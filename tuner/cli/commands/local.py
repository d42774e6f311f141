"""`tuner local`: starts, describes and deletes the local cloud."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from tuner.cli.console import emit, progress, say
from tuner.cli.local_cloud import local_cloud

app = typer.Typer(help="The local cloud: start it, delete it, show its state.", no_args_is_help=True)


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
            state = local_cloud().up(engine.value, deploy, tell)
    except KeyboardInterrupt:
        say("\nInterrupted. Go on with: tuner local up. Take down what there is: tuner local down")
        raise typer.Exit(130) from None
    say(f"The local cloud runs on {state.endpoint}. Use it with --local, for instance: tuner run PATH --local", "good")


@app.command()
def down() -> None:
    """Take the local cloud down and delete everything it held."""
    with progress("Taking the local cloud down") as tell:
        existed = local_cloud().down(tell)
    say("The local cloud is down." if existed else "There was no local cloud.")


@app.command()
def status() -> None:
    """Print the state of the local cloud as JSON; exit status 1 when it does not run."""
    state = local_cloud().status()
    emit(asdict(state))
    if not state.running:
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print what a shell needs to use aws, cdk and tuner with it: eval "$(tuner local env)"."""
    typer.echo(local_cloud().env().shell())
