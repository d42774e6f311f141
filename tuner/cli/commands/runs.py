"""`tuner runs` and `tuner show`: what has been run, and what came of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tuner.cli import run_lookup
from tuner.cli.commands.report import open_in_browser
from tuner.cli.commands.runs_page import download
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.progress.display import LiveDisplay
from tuner.cli.progress.executions import Run
from tuner.cli.progress.follow import Follower, Snapshot
from tuner.cli.progress.outcome import conclude
from tuner.cli.progress.paid_window import live_throughput
from tuner.cli.run_lookup import LATEST
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.options import Json, Local, Reference, Stack, connect
from tuner.core.artifact_keys import Keys
from tuner.core.times import now
from tuner.reporting.formatting import duration

_STYLES = {"SUCCEEDED": "good", "RUNNING": "name", "FAILED": "bad", "TIMED_OUT": "bad", "ABORTED": "warn"}


def runs(
    as_json: Json = False,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=1000, help="How many, the newest first.")] = 50,
    page: Annotated[
        bool, typer.Option("--page", help="Download the page over all runs, with these runs' pages, and open it.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open that page in the browser.")] = True,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for that page.")] = Path("reports/runs"),
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """List the runs, newest first."""
    deployment = connect(stack, on_local)
    found = run_lookup.newest(deployment, limit)
    if page:
        path = download(deployment, [run.run_id for run in found], output)
        say(f"The page over all runs is in {path.resolve()}")
        open_in_browser(path, open_page)
    elif as_json:
        emit([run.as_json() for run in found])
    elif not found:
        say("There are no runs yet. Start one with: tuner run PATH")
    else:
        console().print(_table(found))


def show(
    reference: Reference = LATEST, as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False
) -> None:
    """Show what a run has come to: its report, or how far it is, and what of it is still alive."""
    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    if as_json:
        report = deployment.folder(run.run_id).find_json(Keys.REPORT)
        document = report or _so_far(deployment, run)
        emit({**document, "live_throughput": live_throughput(deployment, run.run_id)})
        return
    if run.archived:
        conclude(console(), deployment, run)
        return
    follower = Follower(deployment, run.run_id)
    snapshot = follower.look()
    console().print(LiveDisplay(snapshot, folds=False))
    if snapshot.run.over:
        conclude(console(), deployment, snapshot.run, snapshot.failed, follower.plan)


def _table(found: list[Run]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="name")
    table.add_column("run", overflow="fold")  # starts with the dataset's name; whole, to be copied
    table.add_column("status", no_wrap=True)
    table.add_column("started (UTC)", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    for run in found:
        table.add_row(
            run.run_id,
            run.status,
            f"{run.started.astimezone(UTC):%d %b %H:%M}",
            duration(run.seconds),
            style=None if run.status == "SUCCEEDED" else _STYLES.get(run.status),
        )
    return table


def _so_far(deployment: Deployment, run: Run) -> dict[str, Any]:
    """What is known of a run that has no report (yet), under the report's own names where it has them."""
    snapshot: Snapshot = Follower(deployment, run.run_id).look()
    folder = deployment.folder(run.run_id)
    return {
        **{key: value for key, value in run.as_json().items() if key != "took_seconds"},
        "failure": {"error": run.error, "message": run.cause} if run.error else None,
        "execution_arn": deployment.execution_arn(run.run_id),
        "folder": folder.uri(),
        "steps": [{"name": step.name, "state": step.mark, "seconds": step.seconds(now())} for step in snapshot.steps],
        "training": asdict(snapshot.training) if snapshot.training else folder.find_json(Keys.TRAINING_SUMMARY),
        "dataset_summary": folder.find_json(Keys.DATASET_SUMMARY),
        "estimate": folder.find_json(Keys.ESTIMATE),
        "serving": folder.find_json(Keys.ENDPOINT),
    }
