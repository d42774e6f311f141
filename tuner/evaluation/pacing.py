"""As many calls at once as the other side takes: fewer after a throttling, more after successes, as TCP does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tuner.errors import ThrottledError

_FIRST = 4.0
_SHRINK = 0.85


class Pacer:
    """Bounds the calls in flight. Shared by threads; each call runs inside `slot()`.

    The bound doubles with every round of calls until the first throttling (slow start), then grows by one a round, and
    shrinks by 15 % when a call is throttled: once for all the calls that were already under way, since they tell of the
    same moment. (Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance", 1989.)
    """

    def __init__(self, most: int) -> None:
        self.bound = min(_FIRST, float(most))
        self.most = most
        self._in_flight = 0
        self._round = 0
        self._slow_start = True
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits until a call may start, and learns from how it ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < max(1, int(self.bound)))
            self._in_flight += 1
            started_in = self._round
        learn = self._keep
        try:
            yield
            learn = self._grow
        except ThrottledError:
            learn = self._shrink
            raise
        finally:
            with self._changed:
                self._in_flight -= 1
                learn(started_in)
                self._changed.notify_all()

    def _keep(self, started_in: int) -> None:
        """Any other error says nothing about the pace."""

    def _grow(self, started_in: int) -> None:
        self.bound = min(float(self.most), self.bound + (1 if self._slow_start else 1 / self.bound))

    def _shrink(self, started_in: int) -> None:
        if started_in == self._round:
            self.bound = max(1.0, self.bound * _SHRINK)
            self._slow_start = False
            self._round += 1
