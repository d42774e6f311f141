"""Gives the places of a pool to waiting runs, first in, first out.

A place is the right of one run to be prepared, or to train and be served. `DeploymentSettings.preparation_places` and
`training_places` say how many there are.

An execution registers with a task token and waits. Each call for a pool ends with `advance`, which gives the free
places to the runs that wait longest. Three things free a place: the next stage of the run, the end of its execution,
and the hourly sweep. A run that asks a person before it generates data frees its place for the preparation, and waits
for one again after the approval.

A crash can come between any two writes. What it leaves undone shows in the table: a run that has a place and was not
woken, or a place that is free while a run waits. The next call completes it. Reads of Step Functions lag behind. An
execution that cannot be found has ended only if it registered more than an hour ago. One that seems to have ended, and
has registered since then, was redriven: it stays for an hour, until Step Functions must show its redrive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from tuner.aws.dynamodb.queue_state import PlaceQueue, Pool, PoolState, QueuedRun, WaitingRun
from tuner.aws.dynamodb.run_queue_table import Admission
from tuner.aws.executions import VISIBLE, Execution
from tuner.core.errors import RetryableError
from tuner.core.times import now
from tuner.settings import DeploymentSettings

POOLS: tuple[Pool, ...] = ("preparation", "training")
# Smaller than any difference of two times: those of states have milliseconds.
_BEFORE = dt.timedelta(milliseconds=1)
_ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


class Table(Protocol):
    """The queue in the table of shared state."""

    def register(self, pool: Pool, run: WaitingRun, token: SecretStr, at: dt.datetime) -> None:
        """Adds a run at the end, or a token to one that is in the pool."""
        ...

    def limit(self, pool: Pool, quota: int) -> None:
        """Records how many places the account's quota allows."""
        ...

    def first(self, pool: Pool) -> WaitingRun | None:
        """The run that waits longest."""
        ...

    def waiting(self, pool: Pool) -> tuple[WaitingRun, ...]:
        """The runs that wait, in their order."""
        ...

    def state(self, pool: Pool) -> PoolState:
        """The runs that have a place."""
        ...

    def run(self, pool: Pool, run_id: str) -> QueuedRun | None:
        """A run in the pool."""
        ...

    def admit(self, pool: Pool, run: WaitingRun, places: int, at: dt.datetime) -> Admission:
        """Gives a waiting run a place if there is one."""
        ...

    def mark_woken(self, pool: Pool, run: QueuedRun) -> None:
        """Records that the run knows of its place."""
        ...

    def leave(
        self,
        pool: Pool,
        run_id: str,
        at: dt.datetime,
        since: dt.datetime | None = None,
        ended: dt.datetime | None = None,
    ) -> bool:
        """Takes a run out of the pool, but not one that entered after `since` or has registered after `ended`."""
        ...


class Executions(Protocol):
    """The executions of the state machine."""

    def find(self, name: str) -> Execution | None:
        """An execution."""
        ...

    def redriven_since(self, name: str, at: dt.datetime) -> bool:
        """Whether an execution that ended by then is in progress again."""
        ...

    def running(self) -> list[str]:
        """Names of the executions in progress."""
        ...

    def succeed(self, token: str) -> bool:
        """Lets an execution continue. False when nobody waits with this token any more."""
        ...


def pool_sizes(settings: DeploymentSettings) -> dict[Pool, int]:
    """The numbers of places that the settings give."""
    return {"preparation": settings.preparation_places, "training": settings.training_places}


def place_queue(table: Table, pool: Pool, settings: DeploymentSettings) -> PlaceQueue:
    """A pool now."""
    state = table.state(pool)
    number = _number(pool_sizes(settings)[pool], state)
    return PlaceQueue(places=number, state=state, waiting=table.waiting(pool))


def _number(size: int, state: PoolState) -> int:
    """A quota of zero is an error that the first run reports, so at least one run gets a place."""
    return size if state.quota is None else max(1, min(size, state.quota))


@dataclass(frozen=True, slots=True)
class Places:
    """The pools with their numbers of places."""

    table: Table
    executions: Executions
    pools: Mapping[Pool, int]
    clock: Callable[[], dt.datetime] = now

    def wait(self, pool: Pool, run: WaitingRun, token: SecretStr, quota: int | None = None) -> None:
        """Lets a run wait for its next stage. A run that waits for the training frees its place for the preparation."""
        if pool == "training":
            self.leave("preparation", run.run_id, run.since)
        self.register(pool, run, token, quota)

    def wait_again(self, pool: Pool, run: WaitingRun, token: SecretStr) -> None:
        """Gives the run's place to the run that waits longest, and lets this run wait behind the others.

        If no other run waits, this run gets a place at once. A repeated call for the same wait keeps the place that the
        run has got by then.
        """
        self.leave(pool, run.run_id, run.since - _BEFORE)
        self.register(pool, run, token)

    def register(self, pool: Pool, run: WaitingRun, token: SecretStr, quota: int | None = None) -> None:
        """Puts a run into the queue. It is woken at once if there is a place for it.
        A repeated call, for another attempt, keeps the run's position, and wakes it if it already has its place. Raises
        RetryableError for a run whose execution seems to have ended.
        """
        # A function continues when its execution is stopped. Such a run must not wait. If the execution was redriven,
        # Step Functions repeats the call, and shows the redrive by then.
        if self._ended(run, self.executions.find(run.run_id)):
            raise RetryableError(f"Step Functions says that the execution of {run.run_id} has ended.")
        if quota is not None:
            self.table.limit(pool, quota)
        self.table.register(pool, run, token, self.clock())
        self.advance(pool)

    def leave(self, pool: Pool, run_id: str, since: dt.datetime | None = None) -> None:
        """Frees the run's place, or takes it out of the queue.

        A run can come back: it waits again after an approval. `since` is when it began to leave, so that a call which
        comes late does not take away the place that the run has got since then.
        """
        self.table.leave(pool, run_id, self.clock(), since)
        # Also when the run had left before: an earlier call may have ended between the two lines.
        self.advance(pool)

    def ended(self, run_id: str, at: dt.datetime) -> None:
        """Frees what a run had whose execution ended at this time.

        An event can come late, and again: by then, somebody may have redriven the execution, and the run may wait for a
        place again. The time of its entry is not enough to see that: it stays that of the first entry if the run had
        not left the queue yet. A run that waits for its place is seen by the time of its registration. One that goes on
        with a later state is seen by the redrive that DescribeExecution shows.
        """
        if self.executions.redriven_since(run_id, at):
            return
        for pool in self.pools:
            self.table.leave(pool, run_id, self.clock(), at, self._visible_end(at))
            self.advance(pool)

    def advance(self, pool: Pool) -> None:
        """Wakes the runs that have a place and do not know it, and gives free places to the runs that wait longest."""
        state = self.table.state(pool)
        for holder in state.holders:
            if not holder.woken:
                self._wake(pool, holder)
        places = _number(self.pools[pool], state)
        while run := self.table.first(pool):
            if self.table.admit(pool, run, places, self.clock()) == "full":
                return
            # Read after the admission: a repeated registration adds its token before it looks for the place.
            admitted = self.table.run(pool, run.run_id)
            if admitted and admitted.admitted_at:
                self._wake(pool, admitted)

    def sweep(self) -> None:
        """Frees the places of ended runs, wakes runs whose waking got lost, and gives free places to others."""
        running = set(self.executions.running())
        for pool in self.pools:
            for run in (*self.table.state(pool).holders, *self.table.waiting(pool)):
                # The list of executions may lag behind, so a run that is not in it is looked up.
                if run.run_id not in running:
                    self._remove_if_ended(pool, run)
            self.advance(pool)

    def _wake(self, pool: Pool, run: QueuedRun) -> None:
        if any(self.executions.succeed(token.get_secret_value()) for token in run.tokens):
            self.table.mark_woken(pool, run)
        else:
            # If no token worked and the run has not ended, it will register again, with a new token.
            self._remove_if_ended(pool, run)

    def _remove_if_ended(self, pool: Pool, run: WaitingRun) -> None:
        found = self.executions.find(run.run_id)
        if self._ended(run, found):
            ended = self._visible_end(found.stopped_at) if found and found.stopped_at else None
            self.table.leave(pool, run.run_id, self.clock(), ended=ended)

    def _ended(self, run: WaitingRun, found: Execution | None) -> bool:
        return found.status in _ENDED if found else self.clock() - run.since > VISIBLE

    def _visible_end(self, at: dt.datetime) -> dt.datetime:
        """A run that has registered after this time was redriven, although Step Functions shows an end at `at`.

        A function that was slow may also register for an execution that has ended. So this counts for an hour only.
        """
        return max(at, self.clock() - VISIBLE)
