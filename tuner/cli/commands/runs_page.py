"""`tuner runs --page`: the page over all runs, brought home with the runs' own pages so that its links work."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tuner.cli.deployment import Deployment
from tuner.cli.errors import CommandError
from tuner.core.artifact_keys import Keys

_AT_ONCE = 8


def download(deployment: Deployment, run_ids: Sequence[str], target: Path) -> Path:
    """Writes index.html, and of these runs the pages that it links to; returns the page's path.

    Raises CommandError when no run has ended yet.
    """
    page = deployment.folder("").overview.read_page()
    if page is None:
        raise CommandError("There is no page yet: it is written when the first run is over.")
    target.mkdir(parents=True, exist_ok=True)
    path = target / Path(Keys.OVERVIEW).name
    path.write_bytes(page)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda run_id: _bring_home(deployment, run_id, target), run_ids))
    return path


def _bring_home(deployment: Deployment, run_id: str, target: Path) -> None:
    """A run's page, where the links lead; nothing when it has none yet."""
    data = deployment.folder(run_id).find(Keys.REPORT_PAGE)
    if data is not None:
        path = target / run_id / Keys.REPORT_PAGE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
