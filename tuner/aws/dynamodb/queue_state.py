"""The queue for places: which runs have a place of a pool, which wait for one, and when they probably start."""

from __future__ import annotations

import datetime as dt
import heapq
from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr

# Runs that are being prepared share the account's concurrent functions, runs in training its customization jobs.
Pool = Literal["preparation", "training"]


class _Frozen(BaseModel):
    """What the table says, in memory. It is stored item by item, and secrets are never written as JSON."""

    model_config = ConfigDict(frozen=True)


class WaitingRun(_Frozen):
    """A run that waits for a place, and since when."""

    run_id: str
    since: dt.datetime


class QueuedRun(WaitingRun):
    """A run in a pool. One of `tokens` lets its execution continue; `woken` says that Step Functions has accepted it.

    Each attempt of the waiting state has a token, and only the newest is valid. A function may still work for an
    attempt that Step Functions has given up, and register after the next one: so all are kept, and all are tried.
    `registered_at` is when the newest came. `since` stays the time of the first one.
    """

    tokens: tuple[SecretStr, ...]
    registered_at: dt.datetime | None = None
    admitted_at: dt.datetime | None = None
    woken: bool = False

    def registered_after(self, ended: dt.datetime | None) -> bool:
        """Whether it has registered after its execution ended: somebody has redriven the execution.

        Entries of earlier releases do not say when they were registered.
        """
        return ended is not None and self.registered_at is not None and self.registered_at > ended


class PoolState(_Frozen):
    """The runs that have a place. `kept_count` earlier ones kept theirs for `kept_seconds` altogether.

    `quota` is what the account allows, as the newest run has seen it; None when nobody knows.
    """

    holders: tuple[QueuedRun, ...] = ()
    quota: int | None = None
    kept_seconds: float = 0
    kept_count: int = 0


class PlaceQueue(_Frozen):
    """A pool at one moment. `waiting` has the order of the queue."""

    places: int
    state: PoolState
    waiting: tuple[WaitingRun, ...]

    def position(self, run_id: str) -> int | None:
        """The position of a waiting run; the next one has 1. None when it does not wait."""
        return next((at for at, run in enumerate(self.waiting, 1) if run.run_id == run_id), None)

    def expected_starts(self, now: dt.datetime) -> dict[str, dt.datetime]:
        """When each waiting run probably gets its place, if each keeps it as long as earlier ones on average.

        Empty before the first run has left its place.
        """
        if not self.state.kept_count:
            return {}
        mean = dt.timedelta(seconds=self.state.kept_seconds / self.state.kept_count)
        free = [max(now, run.admitted_at + mean) for run in self.state.holders if run.admitted_at]
        free += [now] * max(0, self.places - len(free))
        heapq.heapify(free)
        starts: dict[str, dt.datetime] = {}
        for run in self.waiting:
            starts[run.run_id] = heapq.heappop(free)
            heapq.heappush(free, starts[run.run_id] + mean)
        return starts
