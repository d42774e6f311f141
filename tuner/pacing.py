"""As many calls at once as the other side takes: fewer after a throttling, more after successes, as TCP does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tuner.errors import ThrottledError

_FIRST = 4.0
_SHRINK = 0.85
_SMOOTHING = 0.1
# Below 1, so that the bound and not the gap decides how many calls there are.
_SPREAD = 0.9


class Pacer:
    """Bounds the calls in flight and spreads their starts evenly. Shared by threads; each call runs inside `slot()`.

    The bound doubles with every round of calls until the first throttling (slow start), then grows by one a round,
    and shrinks by 15 % when a call is throttled. It shrinks again only after a call that began since has succeeded,
    since refusals come back far quicker than answers: a hundred tell of the same moment. (Chiu and Jain, "Analysis of
    the increase and decrease algorithms for congestion avoidance", 1989.) Without the spreading, calls that answer
    after the same time start together again, and such waves are throttled although their average is within the quota.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.most = most
        self.bound = min(_FIRST, float(most))
        self._clock = clock
        self._sleep = sleep
        self._in_flight = 0
        self._latency = 0.0
        self._next_start = 0.0
        self._round = 0
        self._slow_start = True
        self._settled = True
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits until a call may start, and learns from how it ends."""
        started_in = self._enter()
        start = self._clock()
        try:
            yield
        except BaseException as error:
            # Any other error says nothing about the pace.
            self._leave(self._shrink if isinstance(error, ThrottledError) else None)
            raise
        self._leave(partial(self._grow, started_in, self._clock() - start))

    def _enter(self) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < max(1, int(self.bound)))
            self._in_flight += 1
            now = self._clock()
            start = max(now, self._next_start)
            self._next_start = start + _SPREAD * self._latency / self.bound
            started_in = self._round
        if start > now:
            self._sleep(start - now)
        return started_in

    def _leave(self, learn: Callable[[], None] | None) -> None:
        with self._changed:
            self._in_flight -= 1
            if learn:
                learn()
            self._changed.notify_all()

    def _grow(self, started_in: int, seconds: float) -> None:
        self._latency += (seconds - self._latency) * (_SMOOTHING if self._latency else 1)
        self._settled = self._settled or started_in == self._round
        self.bound = min(float(self.most), self.bound + (1 if self._slow_start else 1 / self.bound))

    def _shrink(self) -> None:
        if self._settled:
            self._settled = False
            self._slow_start = False
            self._round += 1
            self.bound = max(1.0, self.bound * _SHRINK)
