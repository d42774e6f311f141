"""As many calls at once as the other side takes: fewer after a throttling, more after successes, as TCP does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tuner.core.errors import ThrottledError

_FIRST = 16.0
# What an answer takes, until one is there: a first wave all at once could be throttled and tell nothing of the quota.
_FIRST_SECONDS = 1.0
_SLOW_START = 2.0
_OVERSHOT = 0.65
_SHRINK = 0.85
_SMOOTHING = 0.1
# Below 1, so that the bound and not the gap decides how many calls there are.
_SPREAD = 0.9
# Answers that take so much longer than they did are queued on the other side: more calls would only wait.
_QUEUED = 2.5


class Pacer:
    """Bounds the calls in flight and spreads their starts evenly. Shared by threads; each call runs inside `slot()`.

    The bound triples with every round of calls until the first throttling (slow start), which takes a third off. Every
    throttling shrinks it by 15 %; from there it goes half of the way back with each round, and by at least one call;
    once beyond what was throttled, faster and faster, since the other side takes more than it did. It shrinks again
    only after a call that began since has succeeded, since refusals come back far quicker than answers: a hundred tell
    of the same moment. While answers take much longer than they did at first it does not grow. (Chiu and Jain,
    "Analysis of the increase and decrease algorithms for congestion avoidance", 1989; the way back: Xu, Harfoush and
    Rhee, "Binary increase congestion control", 2004.) Without the spreading, calls that answer after the same time
    start together again, and such waves are throttled although their average is within the quota.
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
        self._throttled_at = 0.0
        self._settled = True
        self._rounds = _Rounds()
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
            self._next_start = start + _SPREAD * (self._latency or _FIRST_SECONDS) / self.bound
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
        self._rounds.add(seconds, self.bound)
        if not self._rounds.queued:
            self.bound = min(float(self.most), self.bound + self._step())

    def _step(self) -> float:
        """What a successful call adds: a round of them adds as many times as much as calls were in flight."""
        if not self._throttled_at:
            return _SLOW_START
        away = self.bound - self._throttled_at
        return max(1.0, -away / 2, away) / self.bound

    def _shrink(self) -> None:
        if self._settled:
            self._settled = False
            self._round += 1
            if not self._throttled_at:
                # Slow start goes beyond what is taken before it is told so.
                self.bound *= _OVERSHOT
            self._throttled_at = self.bound
            self.bound = max(1.0, self.bound * _SHRINK)


class _Rounds:
    """What answers take, by rounds of as many as are in flight: single ones are short or long by themselves."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._answers = 0
        self._size = _FIRST
        self._least = 0.0
        self.queued = False

    def add(self, seconds: float, in_flight: float) -> None:
        self._seconds += seconds
        self._answers += 1
        if self._answers >= self._size:
            mean = self._seconds / self._answers
            self._least = min(self._least or mean, mean)
            self.queued = mean > _QUEUED * self._least
            self._seconds, self._answers, self._size = 0.0, 0, in_flight
