"""`tuner run`: uploads a dataset folder and follows the run that the upload starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from tuner.cli import run_lookup, run_start, upload
from tuner.cli.commands.data.display import show_findings
from tuner.cli.commands.watch import WaitFor, WaitForOption, follow, follow_or_conclude
from tuner.cli.dataset_check import check_dataset, planned_generation, taken_as
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError, UnknownRunError
from tuner.cli.options import Local, Stack, connect
from tuner.cli.terminal.console import console, is_live, say
from tuner.cli.terminal.hints import quoted
from tuner.cli.terminal.interruption import interruptible
from tuner.cli.upload import DatasetFolder
from tuner.core.run import INCOMING
from tuner.datasets import readiness
from tuner.intake.resolved_settings import resolve
from tuner.intake.unused_files import unused_files

_NOTHING_STARTED = "Interrupted. Nothing was uploaded, and no run has started."


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
    """Upload a dataset, which starts its run, and follow it. The exit status shows the gate's decision."""
    until = wait_for if watch else WaitFor.START
    if again and not path.exists():
        deployment = connect(stack, on_local)
        follow(deployment, _repeated(deployment, path, dataset, settings), until)
        return
    with interruptible(_NOTHING_STARTED):
        folder = upload.read(path, dataset, settings)
        deployment = connect(stack, on_local)
    _name_unused_files(folder)
    repeat = run_start.next_number(deployment, folder.run_id) if again else 0
    run_id = folder.run_id(repeat)
    earlier = None if again else run_lookup.find(deployment, run_id)
    if earlier:
        say(
            f"This content was run before: {run_id} ({earlier.status}). Nothing is started. "
            f"To run it again: tuner run {' '.join(_options(path, dataset, settings))} --again"
        )
        follow_or_conclude(deployment, earlier, until)
        return
    with interruptible(_NOTHING_STARTED):
        _check(deployment, folder, path)
    _upload(deployment, folder)
    if repeat:
        run_start.request(deployment, folder.dataset, folder.run_id, repeat)
    else:
        run_start.wait(deployment, folder.dataset, run_id)
    follow(deployment, run_id, until)


def _name_unused_files(folder: DatasetFolder) -> None:
    if folder.ignored:
        say(f"Not uploaded, because they are not part of a dataset: {', '.join(folder.ignored)}", "quiet")
    for file in unused_files([*(file.name for file in folder.files), *folder.ignored]):
        say(f"{file.name}: {file.message} {file.remedy}", "warn")


def _repeated(deployment: Deployment, reference: Path, dataset: str | None, settings: Path | None) -> str:
    """Starts the dataset of a run again, from the files in the bucket. Returns the new run's id."""
    if dataset or settings:
        message = f"{reference} is no folder: --dataset and --settings belong to one."
        raise typer.BadParameter(message, param_hint="PATH")
    try:
        earlier = run_lookup.resolve(deployment, str(reference))
    except UnknownRunError as error:
        raise UnknownRunError(f"There is no folder '{reference}'. {error}") from error
    with interruptible(_NOTHING_STARTED):
        repeat = run_start.repeat_of(deployment, earlier)
    for sentence in repeat.sentences:
        say(sentence, "warn")
    return run_start.request(deployment, repeat.dataset, repeat.content.repeated, repeat.number)


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
    for sentence in taken_as(found):
        say(sentence, "warn")
    if found.warnings:
        say(f"{readiness(found).sentence} They are listed by: tuner data check {quoted(str(path))}", "warn")


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
