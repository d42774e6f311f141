"""Doubles of the queue for places: the table in memory, and executions that wait, work and end.

`between` is called at every point where a function can end or another one can run in between. These are the points
around each write and read of the table, and around each call of Step Functions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pydantic import SecretStr

from tuner.aws.dynamodb.queue_state import PlaceQueue, Pool, PoolState, QueuedRun, WaitingRun
from tuner.aws.dynamodb.run_queue_table import Admission
from tuner.aws.executions import Execution
from tuner.core.errors import RetryableError
from tuner.run_queue import Places, place_queue
from tuner.settings import DeploymentSettings

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
POOL: Pool = "training"


class CrashError(Exception):
    """The function ends here, as Lambda may end it."""


class MemoryTable:
    """The table's transactions, in memory."""

    def __init__(self, between: Callable[[], None]) -> None:
        self._between = between
        self.runs: dict[str, QueuedRun] = {}
        self.order: dict[str, WaitingRun] = {}
        self.holders: dict[str, None] = {}
        self.kept: list[float] = []
        self.admitted: list[WaitingRun] = []
        self.quota: int | None = None

    def register(self, pool: Pool, run: WaitingRun, token: SecretStr, at: dt.datetime) -> None:
        self._between()
        if run.run_id in self.runs:
            found = self.runs[run.run_id]
            tokens = tuple(dict.fromkeys((*found.tokens, token)))
            self.runs[run.run_id] = found.model_copy(update={"tokens": tokens, "woken": False, "registered_at": at})
        else:
            self.runs[run.run_id] = QueuedRun(**run.model_dump(), tokens=(token,), registered_at=at)
            self.order[run.run_id] = run
        self._between()

    def limit(self, pool: Pool, quota: int) -> None:
        self.quota = quota

    def first(self, pool: Pool) -> WaitingRun | None:
        self._between()
        return min(self.order.values(), key=_place, default=None)

    def waiting(self, pool: Pool) -> tuple[WaitingRun, ...]:
        self._between()
        return tuple(sorted(self.order.values(), key=_place))

    def state(self, pool: Pool) -> PoolState:
        self._between()
        holders = tuple(self.runs[name] for name in self.holders)
        return PoolState(holders=holders, quota=self.quota, kept_seconds=sum(self.kept), kept_count=len(self.kept))

    def run(self, pool: Pool, run_id: str) -> QueuedRun | None:
        self._between()
        return self.runs.get(run_id)

    def admit(self, pool: Pool, run: WaitingRun, places: int, at: dt.datetime) -> Admission:
        self._between()
        if run.run_id not in self.order:
            return "gone"
        if len(self.holders) >= places:
            return "full"
        del self.order[run.run_id]
        self.holders[run.run_id] = None
        self.admitted.append(run)
        self.runs[run.run_id] = self.runs[run.run_id].model_copy(update={"admitted_at": at})
        self._between()
        return "admitted"

    def mark_woken(self, pool: Pool, run: QueuedRun) -> None:
        self._between()
        found = self.runs.get(run.run_id)
        if found and found.tokens == run.tokens:
            self.runs[run.run_id] = found.model_copy(update={"woken": True})
        self._between()

    def leave(
        self,
        pool: Pool,
        run_id: str,
        at: dt.datetime,
        since: dt.datetime | None = None,
        ended: dt.datetime | None = None,
    ) -> bool:
        self._between()
        run = self.runs.get(run_id)
        if run is None or (since and run.since > since) or run.registered_after(ended):
            return False
        del self.runs[run_id]
        self.order.pop(run_id, None)
        self.holders.pop(run_id, None)
        if run.admitted_at:
            self.kept.append((at - run.admitted_at).total_seconds())
        self._between()
        return True


def _place(run: WaitingRun) -> tuple[dt.datetime, str]:
    return run.since, run.run_id


@dataclass
class World:
    """Executions and a clock. `stale` answers the next question about a status with what it was before."""

    number: int
    between: Callable[[], None] = lambda: None
    now: dt.datetime = NOON
    stale: bool = False
    alive: dict[str, str] = field(default_factory=dict)
    since: dict[str, dt.datetime] = field(default_factory=dict)
    working: dict[str, None] = field(default_factory=dict)
    asking: dict[str, None] = field(default_factory=dict)
    left: dict[str, dt.datetime] = field(default_factory=dict)
    """When runs began to ask a person, and so freed their places."""
    stopped: dict[str, dt.datetime] = field(default_factory=dict)
    """When executions ended for the first time, as their events say."""
    stopped_last: dict[str, dt.datetime] = field(default_factory=dict)
    redriven: dict[str, dt.datetime] = field(default_factory=dict)
    turned: dict[str, WaitingRun] = field(default_factory=dict)
    """The waits of runs that gave their place away to take turns."""
    began: list[str] = field(default_factory=list)
    tokens: int = 0

    def __post_init__(self) -> None:
        self.table = MemoryTable(lambda: self.between())
        self.places = Places(self.table, self, {POOL: self.number}, clock=lambda: self.now)

    # what the code sees of Step Functions

    def find(self, name: str) -> Execution | None:
        self.between()
        lag, self.stale = self.stale, False
        running = Execution("RUNNING", NOON)
        ended = Execution("ABORTED", NOON, stopped_at=self.stopped_last.get(name))
        if name not in self.alive:
            return running if lag else ended
        if lag and name in self.redriven:
            return ended
        young = self.now - self.since[name] < dt.timedelta(minutes=30)
        return None if lag and young else running

    def redriven_since(self, name: str, at: dt.datetime) -> bool:
        self.between()
        lag, self.stale = self.stale, False
        return not lag and name in self.redriven and self.redriven[name] > at

    def running(self) -> list[str]:
        self.between()
        return list(self.alive)

    def succeed(self, token: str) -> bool:
        """Step Functions accepts only the token of the newest attempt, and once."""
        self.between()
        run = next((name for name, held in self.alive.items() if held == token and name not in self.working), None)
        if run is not None:
            self.working[run] = None
            self.began.append(run)
        self.between()
        return run is not None

    def queue(self) -> PlaceQueue:
        """The pool as a person sees it."""
        return place_queue(self.table, POOL, DeploymentSettings(training_places=self.number))

    # what happens

    def start(self, name: str) -> None:
        self.now += dt.timedelta(seconds=1)
        self.since[name], self.alive[name] = self.now, ""
        self.attempt(name)

    def attempt(self, name: str) -> None:
        """An attempt of the waiting state, with a new token. Step Functions repeats an attempt that crashed."""
        while name in self.alive and name not in self.working and name not in self.asking:
            self.tokens += 1
            token = self.alive[name] = str(self.tokens)
            run = WaitingRun(run_id=name, since=self.since[name])
            wait = self.places.wait_again if self.turned.get(name) == run else self.places.register
            if self.call(partial(wait, POOL, run, SecretStr(token))):
                return

    def turn(self, name: str) -> None:
        """A run that works gives its place away, and waits behind the others."""
        if name not in self.working:
            return
        self.now += dt.timedelta(seconds=1)
        del self.working[name]
        self.since[name] = self.now
        self.turned[name] = WaitingRun(run_id=name, since=self.now)
        self.attempt(name)

    def wait_longer(self, name: str) -> None:
        """A run that waits enters its state again, after the state's time limit. Its earlier token is not valid."""
        self.now += dt.timedelta(days=2)
        self.since[name] = self.now
        self.attempt(name)

    def ask(self, name: str) -> None:
        """A run that works frees its place and asks a person. Step Functions repeats a call that crashed."""
        if name not in self.working:
            return
        self.now += dt.timedelta(seconds=1)
        del self.working[name]
        self.alive[name], self.asking[name], self.left[name] = "", None, self.now
        while name in self.alive and not self.leave(name):
            pass

    def leave(self, name: str) -> bool:
        """A call with which the run frees the place that it had when it began to ask."""
        return self.call(partial(self.places.leave, POOL, name, self.left[name]))

    def approve(self, name: str) -> None:
        """A run that asks goes on, and waits for a place again."""
        if name not in self.asking:
            return
        self.now += dt.timedelta(seconds=1)
        del self.asking[name]
        self.since[name] = self.now
        self.attempt(name)

    def stop(self, name: str) -> None:
        """The execution ends, by itself or stopped. Nobody is told yet."""
        if name in self.alive:
            self.stopped.setdefault(name, self.now)
            self.stopped_last[name] = self.now
        for states in (self.alive, self.working, self.asking):
            states.pop(name, None)

    def redrive(self, name: str, new_entry: bool = True) -> None:
        """A person redrives an execution that has ended: it waits for a place again. `new_entry`: since now."""
        if name in self.alive:
            return
        self.now += dt.timedelta(seconds=1)
        self.redriven[name], self.alive[name] = self.now, ""
        if new_entry:
            self.since[name] = self.now
        self.attempt(name)

    def deliver_end(self, name: str) -> bool:
        """Delivers the event of the first end: EventBridge does so at least once, and perhaps late."""
        return self.call(lambda: self.places.ended(name, self.stopped[name]))

    def call(self, call: Callable[[], object]) -> bool:
        """Calls a function. False when it crashed: nothing repeats it."""
        try:
            call()
        except (CrashError, RetryableError):
            return False
        return True

    def end(self, name: str) -> None:
        """The execution ends, and its event is delivered."""
        self.stop(name)
        self.deliver_end(name)

    def check(self) -> None:
        """What holds at every moment."""
        assert len(self.table.holders) <= self.number, "more places than there are"
        assert set(self.working) <= set(self.table.holders), "a run works without a place"
        last = self.table.admitted[-2:]
        assert last == sorted(last, key=_place), "first in, first out"

    def check_rest(self) -> None:
        """What holds when a sweep is over: nobody waits beside a free place, or for a call that got lost."""
        self.check()
        inside = set(self.alive) - set(self.asking)
        assert set(self.table.runs) == inside, "exactly the living runs that work or wait are in the pool"
        waiting = inside - set(self.working)
        assert set(self.table.holders) == set(self.working), "a place is kept for a run that does not know it"
        assert not waiting or len(self.working) == self.number, "a place is free and a run waits"
