"""`tuner runs`: lists the runs, or downloads the page over all runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from tuner.cli import run_lookup
from tuner.cli.commands.report import open_in_browser
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.outputs import Force, write_files
from tuner.cli.terminal.run_list import has_unknown_prices, listed, run_table
from tuner.core.artifact_keys import Keys

_PARALLEL_DOWNLOADS = 8


def runs(
    as_json: Json = False,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=1000, help="How many, the newest first.")] = 50,
    page: Annotated[
        bool, typer.Option("--page", help="Download the page over all runs and the pages it links to, and open it.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open that page in the browser.")] = True,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for that page.")] = Path("reports/runs"),
    force: Force = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """List the runs, newest first, with verdict, gate and cost."""
    deployment = connect(stack, on_local)
    found = run_lookup.newest(deployment, limit)
    if page:
        path = download_page(deployment, [run.run_id for run in found], output, force)
        say(f"The page over all runs is in {path.resolve()}")
        open_in_browser(path, open_page)
    elif as_json:
        emit([entry.as_json() for entry in listed(deployment, found)])
    elif not found:
        say(run_lookup.NO_RUNS)
    else:
        entries = listed(deployment, found)
        console().print(run_table(entries))
        if has_unknown_prices(entries):
            say("A cost with + lacks items whose price is unknown.", "quiet")


def download_page(deployment: Deployment, run_ids: Sequence[str], target: Path, force: bool) -> Path:
    """Writes index.html and, so that its links work, the report pages of these runs. Returns the page's path.

    Raises CommandError when no run has ended yet.
    """
    page = deployment.folder("").run_index.read_page()
    if page is None:
        raise CommandError("There is no page yet: it is written when the first run ends.")
    path = target / Path(Keys.OVERVIEW).name
    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        pages = pool.map(lambda run_id: deployment.folder(run_id).find(Keys.REPORT_PAGE), run_ids)
    # Where the links of the page lead. A run that has not ended has no page.
    linked = {target / run_id / Keys.REPORT_PAGE: data for run_id, data in zip(run_ids, pages, strict=True) if data}
    write_files({**linked, path: page}, force=force)
    return path
