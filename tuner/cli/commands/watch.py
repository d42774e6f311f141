"""`tuner watch`: follows a run to its end. `tuner run` uses it after the upload."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from tuner.artifacts.evaluation.gate import Gate
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.options import Local, Reference, Stack, connect
from tuner.cli.progress.display import display
from tuner.cli.progress.executions import Run
from tuner.cli.progress.follow import GATE_STATE, Follower, Snapshot, snapshots
from tuner.cli.progress.outcome import conclude
from tuner.cli.progress.steps import Step, StepPlan
from tuner.cli.run_lookup import LATEST
from tuner.cli.terminal.console import console, say
from tuner.cli.terminal.exit_status import ExitStatus, status_of
from tuner.cli.terminal.interruption import interruptible


class WaitFor(StrEnum):
    """How long a command follows a run."""

    START = "start"
    GATE = "gate"
    END = "end"


WaitForOption = Annotated[
    WaitFor, typer.Option("--wait-for", metavar="WHAT", help="Follow until: start, gate (its decision) or end.")
]


def watch(
    reference: Reference = LATEST,
    wait_for: WaitForOption = WaitFor.END,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Follow a run to its end. Ctrl-C stops following, not the run."""
    deployment = connect(stack, on_local)
    follow_or_conclude(deployment, run_lookup.resolve(deployment, reference), wait_for)


def follow_or_conclude(deployment: Deployment, run: Run, wait_for: WaitFor) -> None:
    """Follows a run that Step Functions knows. Of one that it has forgotten, only the result is left."""
    if run.archived:
        finish(deployment, run)
    else:
        follow(deployment, run.run_id, wait_for)


def follow(deployment: Deployment, run_id: str, wait_for: WaitFor = WaitFor.END) -> None:
    """Shows the run's progress and, at its end, its result. Exits with the status that the run has earned.

    With `WaitFor.GATE`, it stops at the gate's decision. The run then still writes its report.
    """
    if wait_for == WaitFor.START:
        say(f"Follow it with: tuner watch {run_id}")
        return
    follower = Follower(deployment, run_id)
    stopped = f"Stopped following; the run continues. Follow it: tuner watch {run_id}. End it: tuner stop {run_id}"
    try:
        with interruptible(stopped), display() as view:
            for snapshot in snapshots(follower):
                view.show(snapshot)
                if decided := _is_decided(snapshot, wait_for):
                    break
    except typer.Exit:
        raise
    except Exception:  # shown by entry_point; here only what it means for the run
        say(f"Following stopped, the run continues. Follow it again with: tuner watch {run_id}", "warn")
        raise
    if decided:
        _finish_at_gate(deployment, run_id)
    finish(deployment, snapshot.run, snapshot.failed, follower.plan)


def _is_decided(snapshot: Snapshot, wait_for: WaitFor) -> bool:
    """Whether the gate has decided, in a run that is followed no longer than that."""
    return wait_for == WaitFor.GATE and not snapshot.run.over and snapshot.is_done(GATE_STATE)


def finish(deployment: Deployment, run: Run, failed: Step | None = None, plan: StepPlan | None = None) -> None:
    """Shows the result of a run that has ended. Exits with its status unless the run succeeded and was not refused."""
    report = conclude(console(), deployment, run, failed, plan)
    _exit(status_of(run.status, report.gate.decision if report and report.gate else None))


def _finish_at_gate(deployment: Deployment, run_id: str) -> NoReturn:
    gate = deployment.folder(run_id).load(Gate)
    say(f"Gate: {gate.sentence}")
    say(f"The run writes its report next. Follow it to its end with: tuner watch {run_id}")
    raise typer.Exit(status_of("SUCCEEDED", gate.decision))


def _exit(status: ExitStatus) -> None:
    if status != ExitStatus.SUCCESS:
        raise typer.Exit(status)
