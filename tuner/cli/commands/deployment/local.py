"""`tuner local`: starts, describes and deletes the local cloud."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from tuner.cli.local_cloud import local_cloud
from tuner.cli.terminal.console import emit, progress, say
from tuner.cli.terminal.interruption import interruptible

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
    deploy: Annotated[bool, typer.Option(help="Bootstrap the cloud and deploy the app into it.")] = True,
) -> None:
    """Start the local cloud and deploy the app into it. If the cloud already runs, deploy the app again."""
    stopped = "Interrupted. To continue: tuner local up. To delete what was started: tuner local down"
    with interruptible(stopped), progress("Starting the local cloud") as tell:
        state = local_cloud().up(engine.value, deploy, tell)
    if state.lost_runs:
        names = ", ".join(state.lost_runs)
        say(f"Lost with the local cloud before it: {names}. Start them again from the datasets' folders.", "warn")
    say(f"The local cloud runs at {state.endpoint}. Use it with --local, for example: tuner doctor --local", "good")


@app.command()
def down() -> None:
    """Stop the local cloud and delete everything in it."""
    with progress("Stopping the local cloud") as tell:
        existed = local_cloud().down(tell)
    say("The local cloud is stopped and deleted." if existed else "There was no local cloud.")


@app.command()
def status() -> None:
    """Print the state of the local cloud as JSON. Exit status 1 when it does not run."""
    state = local_cloud().status()
    emit(asdict(state))
    if not state.running:
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print environment variables for aws, cdk and tuner. Use: eval "$(tuner local env)"."""
    typer.echo(local_cloud().env().shell())
