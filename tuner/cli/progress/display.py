"""Displays a run in progress: a checklist that redraws itself, or one line per event in a log or pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tuner.cli.progress import training
from tuner.cli.progress.follow import Snapshot
from tuner.cli.progress.steps import Step
from tuner.cli.terminal.console import console, is_live
from tuner.cli.terminal.hints import pasteable
from tuner.core.times import now
from tuner.core.wording import plural
from tuner.reporting.formatting import duration, number

# On a wider terminal the times would be far from their steps.
_MAX_WIDTH = 90
_LONGEST_PROBLEM = 300
_STATES = {"ABORTED": "stopped", "TIMED_OUT": "timed out", "PENDING_REDRIVE": "restarting"}
MARKS = {"waiting": ("·", "quiet"), "done": ("✓", "good"), "failed": ("✗", "bad"), "skipped": ("-", "quiet")}


class Display(Protocol):
    """Shows one snapshot after another."""

    def show(self, snapshot: Snapshot) -> None:
        """Shows the newest snapshot."""


@contextmanager
def display(target: Console | None = None) -> Iterator[Display]:
    """A live display in a terminal, otherwise a plain one."""
    target = target or console()
    if not is_live(target):
        yield PlainDisplay(target)
        return
    view = LiveDisplay()
    with Live(view, console=target, refresh_per_second=4):
        yield view


class LiveDisplay:
    """A checklist. It is drawn four times a second, so that times advance between two polls."""

    def __init__(self, snapshot: Snapshot | None = None, *, folds: bool = True) -> None:
        self._snapshot = snapshot
        self._folds = folds
        self._spinner = Spinner("dots", style="name")

    def show(self, snapshot: Snapshot) -> None:
        """Replaces the shown snapshot."""
        self._snapshot = snapshot

    def __rich_console__(self, target: Console, options: ConsoleOptions) -> RenderResult:
        if self._snapshot:
            width = min(options.max_width, _MAX_WIDTH)
            footer = [] if self._snapshot.run.over else [Text(line, style) for line, style in _footer(self._snapshot)]
            below = sum(len(text.wrap(target, options.max_width)) for text in footer)
            training_rows = _training_rows(self._snapshot) if _at_training(self._snapshot) else []
            room = (options.height or target.height) - 2 - below  # one line for the heading and one for the cursor
            yield Group(_heading(self._snapshot), self._table(self._snapshot, training_rows, width, room), *footer)

    def _table(self, snapshot: Snapshot, training_rows: list[RenderableType], width: int, room: int) -> Table:
        table = Table.grid(padding=(0, 1))
        table.width = width
        table.add_column(width=1)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        steps = snapshot.steps
        past, to_come = (
            _fold(steps, len(steps) + len(training_rows) + _problem_lines(steps, width) - room)
            if self._folds
            else (0, 0)
        )
        if past:
            done = sum(step.mark == "done" for step in steps[:past])
            table.add_row(Text("✓", "good"), Text(f"{plural(done, 'step')} done", "quiet"), "")
        for step in steps[past : len(steps) - to_come]:
            table.add_row(self._mark(step), _label(step), _took(step))
            if step.problem:
                table.add_row("", _problem(step), "")
            if step.name == training.STEP:
                for row in training_rows:
                    table.add_row("", row, "")
        if to_come:
            table.add_row(Text("·", "quiet"), Text(f"{to_come} steps left", "quiet"), "")
        return table

    def _mark(self, step: Step) -> RenderableType:
        if step.mark == "running":
            return self._spinner
        sign, style = MARKS[step.mark]
        return Text(sign, style)


class PlainDisplay:
    """One line per event, for logs and pipes. Remembers what it printed, so that only changes are printed."""

    def __init__(self, target: Console) -> None:
        self._target = target
        self._marks: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._epochs = 0
        self._tenth = 0
        self._problem = ""
        self._estimate = ""
        self._generated = ""
        self._approval = ""
        self._place = ""
        self._spent = ""

    def show(self, snapshot: Snapshot) -> None:
        """Prints what changed since the last snapshot."""
        if snapshot.problem != self._problem:
            self._problem = snapshot.problem
            self._say(f"  ! {snapshot.problem}" if snapshot.problem else "  AWS responds again")
        if snapshot.estimate != self._estimate:
            self._estimate = snapshot.estimate
            self._say(f"  Estimated cost: {snapshot.estimate}")
        if snapshot.generated != self._generated:
            self._generated = snapshot.generated
            self._say(f"  {snapshot.generated}")
        if snapshot.approval != self._approval:
            self._approval = snapshot.approval
            if snapshot.approval:
                self._say(f"  Approval: {snapshot.approval}")
        # The expected start moves on while the position stays.
        if snapshot.place.partition(";")[0] != self._place.partition(";")[0]:
            self._place = snapshot.place
            if snapshot.place:
                self._say(f"  Place: {snapshot.place}")
        ended = [self._step(step, snapshot) for step in snapshot.steps]
        if any(ended) and snapshot.spent not in ("", self._spent):
            self._spent = snapshot.spent
            self._say(f"    spent so far: {snapshot.spent}")

    def _step(self, step: Step, snapshot: Snapshot) -> bool:
        """Prints a change of the step. Returns whether the step has ended since the last snapshot."""
        before, self._marks[step.name] = self._marks.get(step.name), step.mark
        ended = step.mark != before and step.mark in ("done", "failed")
        if ended:
            self._say(f"{MARKS[step.mark][0]} {step.name} ({duration(step.seconds(now()))})")
        elif step.mark != before and step.mark == "running":
            self._say(f"… {step.name}")
        if step.problem != self._problems.get(step.name, ""):
            self._problems[step.name] = step.problem
            if step.problem:
                self._say(f"    retrying after {step.problem}")
        if step.name == training.STEP and snapshot.training:
            self._training(snapshot.training)
        return ended

    def _training(self, job: training.TrainingProgress) -> None:
        for epoch in job.done[self._epochs :]:
            self._say(f"    epoch {epoch.number} of {job.epochs}: {_losses(epoch)}")
        self._epochs = len(job.done)
        # A log gets at most ten lines per training.
        tenth = 10 * job.step // job.steps if job.steps else 0
        if tenth > self._tenth and job.step < job.steps:
            self._say(f"    step {job.step} of {job.steps}, loss {number(job.loss)}")
        self._tenth = tenth

    def _say(self, text: str) -> None:
        self._target.print(pasteable(text), soft_wrap=True)


def _heading(snapshot: Snapshot) -> Text:
    run = snapshot.run
    state = _STATES.get(run.status, run.status.lower())
    return Text.assemble((run.run_id, "name"), f"  {state} {'after' if run.over else 'for'} {duration(run.seconds)}")


def _label(step: Step) -> Text:
    styles = {"waiting": "quiet", "skipped": "quiet", "failed": "bad", "running": "name"}
    return Text.assemble((step.name, styles.get(step.mark, "")), (f"  {step.note}" if step.note else "", "warn"))


def _problem(step: Step) -> Text:
    """Why the step is being repeated, wrapped: the reason is at the end of the sentence."""
    text = f"retrying after {step.problem}"
    shown = text if len(text) <= _LONGEST_PROBLEM else f"{text[:_LONGEST_PROBLEM]} [...]"
    return Text(shown, "warn", no_wrap=False, overflow="fold")


def _problem_lines(steps: tuple[Step, ...], width: int) -> int:
    """The lines that the reasons take, at most."""
    return sum(1 + len(_problem(step)) // max(width - 20, 20) for step in steps if step.problem)


def _took(step: Step) -> Text:
    return Text("" if step.started is None else duration(step.seconds(now())), "quiet")


def _fold(steps: tuple[Step, ...], excess: int) -> tuple[int, int]:
    """How many steps at the top and at the bottom are folded into one line each.

    The running step and the cost must stay visible on a low terminal, so `excess` lines must go.
    """
    past = sum(1 for _ in takewhile(lambda step: step.mark in ("done", "skipped"), steps))
    to_come = sum(1 for _ in takewhile(lambda step: step.mark == "waiting", reversed(steps)))
    # Done steps go first: what comes next is more useful than what has passed.
    top = _steps_to_fold(past, excess)
    return top, _steps_to_fold(to_come, excess - max(top - 1, 0))


def _steps_to_fold(steps: int, excess: int) -> int:
    # One line replaces the folded steps, so one step more than the excess must go.
    return min(steps, excess + 1) if excess > 0 and steps > 1 else 0


def _at_training(snapshot: Snapshot) -> bool:
    return any(step.name == training.STEP and step.mark in ("running", "failed") for step in snapshot.steps)


def _training_rows(snapshot: Snapshot) -> list[RenderableType]:
    job = snapshot.training
    if job is None:
        return []
    origin = [Text(f"adopted from the run {job.adopted_from}", "quiet")] if job.adopted_from else []
    if not job.steps:
        return [*origin, Text("  ".join(f"{stage}: {status}" for stage, status in job.stages) or job.status, "quiet")]
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=job.steps, completed=job.step, width=24),
        Text(f"step {job.step}/{job.steps}  epoch {job.epoch}/{job.epochs}  loss {number(job.loss)}"),
    )
    rows: list[RenderableType] = [*origin, bar]
    if job.done:
        rows.append(Text(f"epoch {job.done[-1].number}: {_losses(job.done[-1])}", "quiet"))
    return rows


def _losses(epoch: training.EpochLosses) -> str:
    validation = "" if epoch.validation_loss is None else f", validation loss {number(epoch.validation_loss)}"
    return f"training loss {number(epoch.training_loss)}{validation}"


def _footer(snapshot: Snapshot) -> list[tuple[str, str]]:
    lines = [(snapshot.generated, "quiet")] if snapshot.generated else []
    if snapshot.estimate:
        lines.append((f"Estimated cost: {snapshot.estimate}", "quiet"))
    if snapshot.spent:
        lines.append((f"Spent so far: {snapshot.spent}", "quiet"))
    if snapshot.place:
        lines.append((f"Place: {snapshot.place}", "warn"))
    if snapshot.approval:
        lines.append((pasteable(f"Approval: {snapshot.approval}"), "warn"))
    if snapshot.window:
        lines.append((f"Paid window: {snapshot.window.sentence()}", "" if snapshot.window.closed else "warn"))
    if snapshot.problem:
        lines.append((f"No answer from AWS: {snapshot.problem.splitlines()[0]}", "warn"))
    return lines
