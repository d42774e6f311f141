"""Lists the runs of a deployment, and finds the run that a user names.

Step Functions deletes an execution 90 days after its end. Older runs are found by their
folders in the artifacts bucket.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws.s3.run_summaries import run_summaries
from tuner.cli.deployment import Deployment
from tuner.cli.errors import UnknownRunError
from tuner.cli.progress import executions
from tuner.cli.progress.executions import Run
from tuner.core.wording import VERY_SIMILAR, did_you_mean

LATEST = "latest"
NO_RUNS = "There are no runs yet. To start one, give 'tuner run' the folder of a dataset."
# DescribeExecution allows 15 requests a second in the smaller Regions.
_PARALLEL_CALLS = 5


def newest(deployment: Deployment, limit: int) -> list[Run]:
    """The `limit` newest runs, newest first."""
    names = list(itertools.islice(executions.names(deployment), limit))
    found = _all(lambda name: executions.find(deployment, name), names)
    if len(names) < limit:
        found += [_archived_run(each) for each in run_summaries(deployment.folder("")) if each.run_id not in names]
    return sorted(found, key=lambda run: run.started, reverse=True)[:limit]


def resolve(deployment: Deployment, reference: str) -> Run:
    """The run with this id, or this unique prefix of an id, or the newest for `latest`. Raises UnknownRunError."""
    if reference == LATEST:
        runs = newest(deployment, 1)
        if not runs:
            raise UnknownRunError(NO_RUNS)
        return runs[0]
    exact = find(deployment, reference) if _is_id(reference) else None
    return exact or _by_prefix(deployment, reference)


def _by_prefix(deployment: Deployment, reference: str) -> Run:
    known = list(dict.fromkeys(_names(deployment)))
    matches = [name for name in known if name.startswith(reference)]
    found = find(deployment, matches[0]) if len(matches) == 1 else None
    if found:
        return found
    if len(matches) > 1:
        shown = ", ".join(matches[:5]) + (", ..." if len(matches) > 5 else "")
        raise UnknownRunError(f"{len(matches)} runs begin with '{reference}': {shown}. Type more of the id.")
    hint = did_you_mean(reference, known, otherwise="'tuner runs' lists the runs.", similarity=VERY_SIMILAR)
    raise UnknownRunError(f"There is no run '{reference}' in the stack '{deployment.stack}'. {hint}")


def _names(deployment: Deployment) -> Iterator[str]:
    yield from executions.names(deployment)
    yield from deployment.folder("").runs()


def find(deployment: Deployment, run_id: str) -> Run | None:
    """The run with exactly this id, also when Step Functions has forgotten it."""
    return executions.find(deployment, run_id) or _archived(deployment, run_id)


def _archived(deployment: Deployment, run_id: str) -> Run | None:
    """A run by the summary that its report step wrote; None when there is none."""
    summary = deployment.folder(run_id).load_if_present(RunSummary)
    return _archived_run(summary) if summary else None


def _archived_run(summary: RunSummary) -> Run:
    ended = dt.datetime.fromisoformat(summary.ended_at)
    started = dt.datetime.fromisoformat(summary.started_at) if summary.started_at else ended
    return Run(summary.run_id, summary.status, started, ended, summary.dataset or "", archived=True)


def _all(find: Callable[[str], Run | None], names: Iterable[str]) -> list[Run]:
    with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
        return [run for run in pool.map(find, names) if run]


def _is_id(reference: str) -> bool:
    return 0 < len(reference) <= 80 and all(
        letter.isascii() and (letter.isalnum() or letter in "-_") for letter in reference
    )
