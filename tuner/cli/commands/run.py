"""`tuner run`: upload a folder and follow the run it starts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.cli import upload
from tuner.cli.commands.watch import INTERRUPTED, follow
from tuner.cli.console import console, is_live, say
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Local, Stack, connect
from tuner.cli.progress import executions
from tuner.cli.upload import Drop
from tuner.core.errors import RetryableError
from tuner.core.run import INCOMING

# Beyond the rest that the dataset's folder needs: EventBridge's delivery and the start function's own work.
_START_SECONDS = 150
# An Inactive function is ready again after 40 to 106 seconds (statemachine/retries.py has the source).
_READY_SECONDS = 240
_READY_PAUSE_SECONDS = 3


def run(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder with training.jsonl, .json or .csv.", show_default=False)
    ],
    watch: Annotated[bool, typer.Option(help="Follow the run to its end.")] = True,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the dataset; the folder's name when absent.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to use as run.yaml, instead of the folder's own.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Run the same content once more.")] = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Upload a dataset, which starts its run, and follow it. Exit status 0 only when the run succeeded."""
    drop = upload.read(path, dataset, settings)
    deployment = connect(stack, on_local)
    if drop.left_out:
        say(f"Not part of a dataset, left here: {', '.join(drop.left_out)}", "quiet")
    repeat = _repeat(deployment, drop) if again else 0
    run_id = drop.run_id(repeat)
    earlier = None if again else executions.find(deployment, run_id)
    if earlier:
        say(f"This content has been run: {run_id} ({earlier.status}). Nothing starts; --again runs it once more.")
    else:
        _upload(deployment, drop)
        _start(deployment, drop, run_id, repeat)
    if watch:
        follow(deployment, run_id)
    elif earlier is None or not earlier.over:
        say(f"Follow it with: tuner watch {run_id}")
    elif earlier.status != "SUCCEEDED":
        raise typer.Exit(1)


def _repeat(deployment: Deployment, drop: Drop) -> int:
    """0 when this content was never run, else the number of the next repeat."""
    repeat = 0
    while executions.find(deployment, drop.run_id(repeat)):
        repeat += 1
    return repeat


def _start(deployment: Deployment, drop: Drop, run_id: str, repeat: int) -> None:
    """Sees the run start, which the upload alone brings about; a repeat has to be asked for."""
    if repeat:
        _ask_for_repeat(deployment.start_function, json.dumps({"dataset": drop.dataset, "repeat": repeat}).encode())
    try:
        _wait_for_start(deployment, drop, run_id)
    except KeyboardInterrupt:
        say(f"\nStopped waiting; the files are uploaded and the run starts. Follow it with: tuner watch {run_id}")
        raise typer.Exit(INTERRUPTED) from None


def _ask_for_repeat(function: str, event: bytes) -> None:
    """Invokes the start function. One that was not used for weeks is Inactive: the first call wakes it and fails."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with translated(f"start a repeat with the function '{function}'"):
                # An event, because the function waits for the folder to be quiet, longer than a request may take.
                client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)
        except RetryableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_READY_PAUSE_SECONDS)
        else:
            return


def _upload(deployment: Deployment, drop: Drop) -> None:
    target = console()
    names = ", ".join(file.name for file in drop.files)
    say(f"Uploading {names} to {INCOMING}{drop.dataset}/ of {deployment.data_bucket}")
    columns = (TextColumn("  "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=target, disable=not is_live(target), transient=True) as bar:
        task = bar.add_task("", total=drop.size)
        try:
            stale = upload.send(deployment, drop, lambda count: bar.advance(task, count))
        except KeyboardInterrupt:
            say("\nStopped uploading. The training file goes last and starts the run: call again to go on.")
            raise typer.Exit(INTERRUPTED) from None
    if stale:
        say(
            f"Deleted there, because an earlier upload had left it: {', '.join(stale)} (older versions are kept)",
            "warn",
        )


def _wait_for_start(deployment: Deployment, drop: Drop, run_id: str) -> None:
    quiet = deployment.settings.quiet_seconds
    say(f"Waiting for {run_id} to start, once the folder has rested for {quiet}\u00a0s")
    deadline = time.monotonic() + quiet + _START_SECONDS
    while not executions.find(deployment, run_id):
        if time.monotonic() > deadline:
            raise CommandError(
                f"The files of '{drop.dataset}' are uploaded, but no run {run_id} has started. Did someone else change "
                f"the dataset meanwhile? 'tuner runs' shows what started; the log of the function "
                f"'{deployment.start_function}' says why nothing did."
            )
        time.sleep(1)
