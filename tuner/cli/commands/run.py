"""`tuner run`: uploads a dataset folder and follows the run that the upload starts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.cli import run_lookup, upload
from tuner.cli.commands.data.display import show_findings
from tuner.cli.commands.watch import WaitFor, WaitForOption, follow
from tuner.cli.dataset_check import check_dataset, planned_generation, unused_settings
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError, UnknownRunError
from tuner.cli.options import Local, Stack, connect
from tuner.cli.progress import executions
from tuner.cli.terminal.console import console, is_live, say
from tuner.cli.terminal.hints import quoted
from tuner.cli.terminal.interruption import interruptible
from tuner.cli.upload import DatasetFolder
from tuner.core.errors import RetryableError
from tuner.core.run import INCOMING
from tuner.datasets import readiness
from tuner.intake.resolve import resolve
from tuner.intake.unused_files import unused_files

_NOTHING_STARTED = "Interrupted. Nothing was uploaded, and no run has started."
_REPEAT = re.compile(r"-r\d+$")
# Time for EventBridge's delivery and the start function's own work, in addition to the deployment's quiet_seconds.
_START_SECONDS = 150
# An Inactive function is ready again after 40 to 106 seconds (statemachine/retries.py has the source).
_READY_SECONDS = 240
_READY_PAUSE_SECONDS = 3


def run(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="Dataset folder: a training file or documents. With --again, also a RUN.",
            show_default=False,
        ),
    ],
    watch: Annotated[bool, typer.Option(help="Follow the run; --no-watch is --wait-for start.")] = True,
    wait_for: WaitForOption = WaitFor.END,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the dataset; the folder's name when absent.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to use as run.yaml, instead of the folder's own.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Run the same content again.")] = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Upload a dataset, which starts its run, and follow it. The exit status tells the gate's decision."""
    if again and not path.exists():
        follow(*_repeated(connect(stack, on_local), path, dataset, settings), wait_for if watch else WaitFor.START)
        return
    with interruptible(_NOTHING_STARTED):
        folder = upload.read(path, dataset, settings)
        deployment = connect(stack, on_local)
    if folder.ignored:
        say(f"Not uploaded, because they are not part of a dataset: {', '.join(folder.ignored)}", "quiet")
    for file in unused_files([*(file.name for file in folder.files), *folder.ignored]):
        say(f"{file.name}: {file.message} {file.remedy}", "warn")
    repeat = _repeat(deployment, folder) if again else 0
    run_id = folder.run_id(repeat)
    earlier = None if again else executions.find(deployment, run_id)
    if earlier:
        say(
            f"This content was run before: {run_id} ({earlier.status}). Nothing is started. "
            f"To run it again: tuner run {' '.join(_options(path, dataset, settings))} --again"
        )
    else:
        with interruptible(_NOTHING_STARTED):
            _check(deployment, folder, path)
        _upload(deployment, folder)
        _start(deployment, folder.dataset, run_id, repeat)
    follow(deployment, run_id, wait_for if watch else WaitFor.START)


def _repeated(
    deployment: Deployment, reference: Path, dataset: str | None, settings: Path | None
) -> tuple[Deployment, str]:
    """Starts the dataset of a run again, from the files in the bucket. Returns the new run's id."""
    if dataset or settings:
        message = f"{reference} is no folder: --dataset and --settings belong to one."
        raise typer.BadParameter(message, param_hint="PATH")
    try:
        earlier = run_lookup.resolve(deployment, str(reference))
    except UnknownRunError as error:
        raise UnknownRunError(f"There is no folder '{reference}'. {error}") from error
    content, repeat = _REPEAT.sub("", earlier.run_id), 1
    while executions.find(deployment, f"{content}-r{repeat}"):
        repeat += 1
    run_id = f"{content}-r{repeat}"
    _start(deployment, earlier.dataset, run_id, repeat)
    return deployment, run_id


def _options(path: Path, dataset: str | None, settings: Path | None) -> Iterator[str]:
    """The arguments that select the same content again."""
    yield quoted(str(path))
    if dataset:
        yield f"--dataset {quoted(dataset)}"
    if settings:
        yield f"--settings {quoted(str(settings))}"


def _check(deployment: Deployment, folder: DatasetFolder, path: Path) -> None:
    """Checks settings and data as the run's first steps do. Raises CommandError before anything is uploaded."""
    resolved = resolve(folder.settings(), deployment.settings, folder.settings_name)
    generation = planned_generation(folder.sources, resolved.settings, resolved.model)
    found = check_dataset(
        folder.sources, resolved.settings, resolved.model, generation, settings_name=folder.settings_name
    ).findings
    if generation.alone:
        say(generation.sentence)
    if found.errors:
        show_findings(found)
        raise CommandError("The dataset is not ready. Nothing was uploaded.")
    for sentence in unused_settings(found):
        say(sentence, "warn")
    if found.warnings:
        say(f"{readiness(found).sentence} They are listed by: tuner data check {quoted(str(path))}", "warn")


def _repeat(deployment: Deployment, folder: DatasetFolder) -> int:
    """The number of the next repeat; 0 when this content was never run."""
    repeat = 0
    while executions.find(deployment, folder.run_id(repeat)):
        repeat += 1
    return repeat


def _start(deployment: Deployment, dataset: str, run_id: str, repeat: int) -> None:
    """Waits for the run to start. The upload starts a first run; only a repeat must be requested."""
    if repeat:
        _request_repeat(deployment.start_function, json.dumps({"dataset": dataset, "repeat": repeat}).encode())
    with interruptible(
        f"Stopped waiting. The files are uploaded and the run will start. Follow it: tuner watch {run_id}. "
        f"End it: tuner stop {run_id}"
    ):
        _wait_for_start(deployment, dataset, run_id)


def _request_repeat(function: str, event: bytes) -> None:
    """Invokes the start function. Lambda makes a function Inactive after weeks: the first call wakes it and fails."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with mapped_errors(f"start a repeat with the function '{function}'"):
                # Asynchronous: Lambda retries if the folder changes meanwhile, and hashing a large one takes minutes.
                client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)
        except RetryableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_READY_PAUSE_SECONDS)
        else:
            return


def _upload(deployment: Deployment, folder: DatasetFolder) -> None:
    target = console()
    names = ", ".join(file.name for file in folder.files)
    say(f"Uploading {names} to {INCOMING}{folder.dataset}/ of {deployment.data_bucket}")
    columns = (TextColumn("  "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=target, disable=not is_live(target), transient=True) as bar:
        task = bar.add_task("", total=folder.size)
        with interruptible(
            "Stopped uploading. No run has started, because the dataset is not complete. To continue, run the command "
            "again."
        ):
            stale = upload.send(deployment, folder, lambda count: bar.advance(task, count))
    if stale:
        say(
            f"Deleted files of an earlier upload from the bucket: {', '.join(stale)} (the bucket keeps their versions)",
            "warn",
        )


def _wait_for_start(deployment: Deployment, dataset: str, run_id: str) -> None:
    quiet = deployment.settings.quiet_seconds
    say(f"Waiting for {run_id} to start: {quiet}\u00a0s after the last upload")
    deadline = time.monotonic() + quiet + _START_SECONDS
    while not executions.find(deployment, run_id):
        if time.monotonic() > deadline:
            raise CommandError(
                f"The files of '{dataset}' are uploaded, but the run {run_id} did not start. Perhaps somebody "
                "changed the dataset meanwhile: 'tuner runs' lists the runs that started. Otherwise look into the log "
                f"of the function '{deployment.start_function}'."
            )
        time.sleep(1)
