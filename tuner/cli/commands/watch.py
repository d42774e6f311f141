"""`tuner watch`: follows a run to its end. `tuner run` uses it after the upload."""

from __future__ import annotations

import typer

from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.options import Local, Reference, Stack, connect
from tuner.cli.progress.display import display
from tuner.cli.progress.executions import Run
from tuner.cli.progress.follow import Follower, snapshots
from tuner.cli.progress.outcome import conclude
from tuner.cli.progress.steps import Step, StepPlan
from tuner.cli.run_lookup import LATEST
from tuner.cli.terminal.console import console, say

INTERRUPTED = 130


def watch(reference: Reference = LATEST, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """Follow a run to its end. Ctrl-C stops following, not the run."""
    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    if run.archived:
        finish(deployment, run)
    else:
        follow(deployment, run.run_id)


def follow(deployment: Deployment, run_id: str) -> None:
    """Shows the run's progress and, at its end, its result. Exits with 1 unless the run succeeded."""
    follower = Follower(deployment, run_id)
    try:
        with display() as view:
            for snapshot in snapshots(follower):
                view.show(snapshot)
    except KeyboardInterrupt:
        say(f"\nStopped following; the run continues. Follow it: tuner watch {run_id}. End it: tuner stop {run_id}")
        raise typer.Exit(INTERRUPTED) from None
    except Exception:  # shown by entry_point; here only what it means for the run
        say(f"Following stopped, the run continues. Follow it again with: tuner watch {run_id}", "warn")
        raise
    finish(deployment, snapshot.run, snapshot.failed, follower.plan)


def finish(deployment: Deployment, run: Run, failed: Step | None = None, plan: StepPlan | None = None) -> None:
    """Shows the result of a run that has ended. Exits with 1 unless the run succeeded."""
    conclude(console(), deployment, run, failed, plan)
    if run.status != "SUCCEEDED":
        raise typer.Exit(1)
