"""Reads the summaries of all runs, and adds one to their index."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from pydantic import TypeAdapter, ValidationError

from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import RetryableError

_READERS = 16
_ATTEMPTS = 20
_Index = TypeAdapter(dict[str, RunSummary])


def run_summaries(folder: RunFolder, prefix: str = "") -> tuple[RunSummary, ...]:
    """The summaries of all runs whose id begins with `prefix`, newest first. A run that has not ended has none."""
    known, _ = _index(folder)
    return _newest_first(_completed(folder, known, prefix))


def add_run_summary(folder: RunFolder, own: RunSummary) -> tuple[RunSummary, ...]:
    """Puts a summary into the index of all runs. Returns all summaries, newest first.

    The index keeps this fast with thousands of runs: only summaries that it lacks are read, which are those of runs
    that have not ended. Raises RetryableError when other runs replace the index all the time.
    """
    for _ in range(_ATTEMPTS):
        known, version = _index(folder)
        entered = _completed(folder, known, "") | {own.run_id: own}
        # The write is conditional: it fails when another run has replaced the index since it was read.
        if folder.run_index.write_index(_Index.dump_json(entered), version):
            return _newest_first(entered)
    raise RetryableError(f"Other runs that ended at the same time replaced the index of all runs {_ATTEMPTS} times.")


def _index(folder: RunFolder) -> tuple[dict[str, RunSummary], str | None]:
    """The index and its version. One of another form counts as empty, because it can be built from the summaries."""
    data, version = folder.run_index.read_index()
    try:
        return (_Index.validate_json(data) if data else {}), version
    except ValidationError:
        return {}, version


def _completed(folder: RunFolder, known: Mapping[str, RunSummary], prefix: str) -> dict[str, RunSummary]:
    """The summaries of the runs that exist: the known ones, and those that are read now."""
    runs = folder.runs(prefix)
    missing = [run for run in runs if run not in known]
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(lambda run: folder.sibling(run).load_if_present(RunSummary), missing)
        new = [summary for summary in found if summary is not None]
    return {run: known[run] for run in runs if run in known} | {summary.run_id: summary for summary in new}


def _newest_first(found: Mapping[str, RunSummary]) -> tuple[RunSummary, ...]:
    return tuple(sorted(found.values(), key=lambda summary: (summary.ended_at, summary.run_id), reverse=True))
