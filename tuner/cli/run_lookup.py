"""Which runs there are, and which one a person means: those Step Functions knows, and older ones by their folders."""

from __future__ import annotations

import datetime as dt
import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tuner.cli.deployment import Deployment
from tuner.cli.errors import UnknownRunError
from tuner.cli.progress import executions
from tuner.cli.progress.executions import Run
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_summary import Card, cards

LATEST = "latest"
# DescribeExecution allows 15 requests a second in the smaller Regions.
_AT_ONCE = 5


def newest(deployment: Deployment, limit: int) -> list[Run]:
    """The `limit` newest runs, newest first."""
    names = list(itertools.islice(executions.names(deployment), limit))
    found = _all(lambda name: executions.find(deployment, name), names)
    if len(names) < limit:
        found += [_by_card(card) for card in cards(deployment.folder("")) if card.run_id not in names]
    return sorted(found, key=lambda run: run.started, reverse=True)[:limit]


def resolve(deployment: Deployment, reference: str) -> Run:
    """The run that an id, an unambiguous beginning of one, or `latest` means. Raises UnknownRunError."""
    if reference == LATEST:
        runs = newest(deployment, 1)
        if not runs:
            raise UnknownRunError("There are no runs yet. Start one with: tuner run PATH")
        return runs[0]
    exact = _find(deployment, reference) if _is_id(reference) else None
    return exact or _by_prefix(deployment, reference)


def _by_prefix(deployment: Deployment, reference: str) -> Run:
    known = list(dict.fromkeys(_names(deployment)))
    matches = [name for name in known if name.startswith(reference)]
    found = _find(deployment, matches[0]) if len(matches) == 1 else None
    if found:
        return found
    if len(matches) > 1:
        shown = ", ".join(matches[:5]) + (", ..." if len(matches) > 5 else "")
        raise UnknownRunError(f"'{reference}' is the beginning of {len(matches)} runs: {shown}. Give more of it.")
    close = difflib.get_close_matches(reference, known, n=1, cutoff=0.7)
    hint = f"Did you mean '{close[0]}'?" if close else "'tuner runs' lists them."
    raise UnknownRunError(f"There is no run '{reference}' in the stack '{deployment.stack}'. {hint}")


def _names(deployment: Deployment) -> Iterator[str]:
    yield from executions.names(deployment)
    yield from deployment.folder("").runs()


def _find(deployment: Deployment, run_id: str) -> Run | None:
    return executions.find(deployment, run_id) or _archived(deployment, run_id)


def _archived(deployment: Deployment, run_id: str) -> Run | None:
    """A run by the card of its report; None when it has none."""
    data = deployment.folder(run_id).find(Keys.REPORT_CARD)
    if data is None:
        return None
    return _by_card(Card.model_validate_json(data))


def _by_card(card: Card) -> Run:
    ended = dt.datetime.fromisoformat(card.ended_at)
    started = dt.datetime.fromisoformat(card.started_at) if card.started_at else ended
    return Run(card.run_id, card.status, started, ended, card.dataset or "", archived=True)


def _all(find: Callable[[str], Run | None], names: Iterable[str]) -> list[Run]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [run for run in pool.map(find, names) if run]


def _is_id(reference: str) -> bool:
    return 0 < len(reference) <= 80 and all(
        letter.isascii() and (letter.isalnum() or letter in "-_") for letter in reference
    )
