"""`tuner report`: downloads a run's report and opens it in the browser."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK
from tuner.cli.errors import CommandError
from tuner.cli.options import Local, Reference, Stack, connect
from tuner.cli.run_lookup import LATEST
from tuner.cli.terminal.console import say
from tuner.cli.terminal.outputs import Force, write_files

_FOLDER = "report/"
_PAGE = "index.html"


def report(
    reference: Reference = LATEST,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to; reports/RUN when absent.")
    ] = None,
    force: Force = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Download a run's report and open it in the browser."""
    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    folder = deployment.folder(run.run_id)
    names = folder.list(_FOLDER)
    if f"{_FOLDER}{_PAGE}" not in names:
        when = "it is written when the run ends" if not run.over else f"the run ended {run.status} without one"
        raise CommandError(
            f"The run {run.run_id} has no report: {when}. 'tuner show {run.run_id}' shows what is known."
        )
    target = output or Path("reports") / run.run_id
    # The page, and the report as JSON for programs.
    write_files({target / _inside(name.removeprefix(_FOLDER)): folder.read(name) for name in names}, force=force)
    page = target.resolve() / _PAGE
    say(f"The report is in {page}")
    open_in_browser(page, open_page)


def open_in_browser(page: Path, wanted: bool = True) -> None:
    """Opens a page, or prints a warning when there is no browser."""
    if wanted and typer.launch(page.resolve().as_uri()) != 0:
        say("No browser could be opened. Open the file yourself.", "warn")


def _inside(name: str) -> PurePosixPath:
    """A name from S3 as a relative path. Raises CommandError when it would leave the target folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise CommandError(
            f"The report has an object named '{name}', which would be written outside the target folder."
        )
    return path
