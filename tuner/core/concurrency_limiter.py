"""Limits the concurrent calls to a service: the limit grows with successes and shrinks when the service throttles."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tuner.core.errors import ThrottledError

_INITIAL_LIMIT = 16.0
# The assumed latency until the first response. Without it the first calls would start all at once: they could be
# throttled, and that would say nothing about the quota.
_INITIAL_LATENCY_SECONDS = 1.0
# What each success adds during slow start: the limit triples with every round of calls.
_SLOW_START_STEP = 2.0
# Slow start ends at the first throttling. By then the limit is too high, so that it is cut once more.
_SLOW_START_FACTOR = 0.65
_THROTTLED_FACTOR = 0.85
_LATENCY_SMOOTHING = 0.1
# The share of the even gap between two starts. Below 1, so that the limit decides on the concurrency and not the gap.
_GAP_SHARE = 0.9
# A mean latency this many times the lowest one means that the service queues calls: more calls would only wait longer.
_QUEUED_FACTOR = 2.5


class ConcurrencyLimiter:
    """Limits the calls in flight and spaces their starts evenly. Threads share one; each call runs inside `slot()`.

    The limit triples with every round of calls until the first throttling (slow start), which cuts it by a third. Every
    throttling cuts it by 15 %. From there each round recovers half of the distance to the limit that was throttled, and
    at least one call. Beyond that limit it grows faster and faster, because the service now accepts more. (Chiu and
    Jain, "Analysis of the increase and decrease algorithms for congestion avoidance", 1989; the recovery: Xu, Harfoush
    and Rhee, "Binary increase congestion control", 2004.)

    One burst of throttling cuts the limit once: it is cut again only after a call that started since then has
    succeeded. Rejections return much faster than responses, and a hundred of them report the same moment.

    The limit does not grow while the latency is much higher than at the start.

    The even spacing matters: calls of equal latency would otherwise start together again, and such bursts are throttled
    although their average rate is within the quota.
    """

    def __init__(
        self,
        maximum: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.maximum = maximum
        self.limit = min(_INITIAL_LIMIT, float(maximum))
        self._clock = clock
        self._sleep = sleep
        self._in_flight = 0
        self._latency = 0.0
        self._next_start = 0.0
        self._round = 0
        self._throttled_at = 0.0
        # Whether a call that started after the latest cut has succeeded.
        self._settled = True
        self._latencies = _LatencyRounds()
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits until a call may start, and adapts the limit to the call's outcome."""
        started_in = self._enter()
        start = self._clock()
        try:
            yield
        except BaseException as error:
            # Errors other than throttling say nothing about the quota.
            self._leave(self._shrink if isinstance(error, ThrottledError) else None)
            raise
        self._leave(partial(self._grow, started_in, self._clock() - start))

    def _enter(self) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < max(1, int(self.limit)))
            self._in_flight += 1
            now = self._clock()
            start = max(now, self._next_start)
            self._next_start = start + _GAP_SHARE * (self._latency or _INITIAL_LATENCY_SECONDS) / self.limit
            started_in = self._round
        # Outside of the lock, so that other calls can end meanwhile.
        if start > now:
            self._sleep(start - now)
        return started_in

    def _leave(self, adapt: Callable[[], None] | None) -> None:
        with self._changed:
            self._in_flight -= 1
            if adapt:
                adapt()
            self._changed.notify_all()

    def _grow(self, started_in: int, seconds: float) -> None:
        self._latency += (seconds - self._latency) * (_LATENCY_SMOOTHING if self._latency else 1)
        self._settled = self._settled or started_in == self._round
        self._latencies.add(seconds, self.limit)
        if not self._latencies.queued:
            self.limit = min(float(self.maximum), self.limit + self._step())

    def _step(self) -> float:
        """What one success adds. A round has as many calls as the limit, so each adds its share of the round's step."""
        if not self._throttled_at:
            return _SLOW_START_STEP
        beyond = self.limit - self._throttled_at
        return max(1.0, -beyond / 2, beyond) / self.limit

    def _shrink(self) -> None:
        if self._settled:
            self._settled = False
            self._round += 1
            if not self._throttled_at:
                self.limit *= _SLOW_START_FACTOR
            self._throttled_at = self.limit
            self.limit = max(1.0, self.limit * _THROTTLED_FACTOR)


class _LatencyRounds:
    """Mean latencies of rounds of calls. A single call's latency varies too much to show that calls are queued."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._calls = 0
        self._size = _INITIAL_LIMIT
        self._lowest = 0.0
        self.queued = False

    def add(self, seconds: float, in_flight: float) -> None:
        self._seconds += seconds
        self._calls += 1
        if self._calls >= self._size:
            mean = self._seconds / self._calls
            self._lowest = min(self._lowest or mean, mean)
            self.queued = mean > _QUEUED_FACTOR * self._lowest
            self._seconds, self._calls, self._size = 0.0, 0, in_flight
