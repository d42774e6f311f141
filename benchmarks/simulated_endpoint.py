"""A simulated endpoint for the benchmark of the paid window, and two common ways to use an endpoint."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from tuner.aws.bedrock.converse import Reply
from tuner.core.errors import EndpointFailedError, ThrottledError

QUESTIONS = 500
# Assumed durations: of starting a warm function after the previous state, and of a control-plane call.
START_SECONDS, CALL_SECONDS = 0.3, 0.15
FIXED_WAIT_SECONDS = 1000.0
# The length of a second of the fast clock. A question then takes at least 12 ms. A sleep exceeds this by a few percent
# on an idle machine, and by more on a busy one.
FAST = 1 / 40


@dataclass(frozen=True)
class Throughput:
    """An endpoint that answers after `latency` seconds and lets `quota` questions a second through."""

    name: str
    latency: float
    quota: float

    @property
    def label(self) -> str:
        """Its name as part of the name of a figure."""
        return self.name.replace(" ", "_")

    def least_seconds(self, questions: int = QUESTIONS) -> float:
        """The least possible time: when the quota accepts the last question, plus its latency."""
        return (questions - self.burst) / self.quota + self.latency

    @property
    def burst(self) -> float:
        """The calls that are accepted at once: those of half a second."""
        return max(1.0, self.quota / 2)


@dataclass(frozen=True)
class Clock:
    """A clock that starts at 0. Each of its seconds takes `scale` real seconds."""

    scale: float = 1
    start: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        return (time.monotonic() - self.start) / self.scale

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds * self.scale)


class SimulatedEndpoint:
    """A token bucket and a latency. In service after `creation` seconds of its clock."""

    def __init__(self, throughput: Throughput, clock: Clock | None = None, creation: float = 0) -> None:
        self.clock, self.creation, self.refused = clock or Clock(), creation, 0
        self._throughput = throughput
        self._tokens, self._at = throughput.burst, self.clock.now()
        self._lock = threading.Lock()

    @property
    def paid_seconds(self) -> float:
        """The seconds since it is in service."""
        return self.clock.now() - self.creation

    def ask(self, *_: object) -> Reply:
        """Answers after the latency. Raises ThrottledError above the quota."""
        if self.paid_seconds < 0:
            raise EndpointFailedError("The endpoint is not in service yet")
        with self._lock:
            now = self.clock.now()
            # A token bucket: it refills with the quota and holds at most `burst` calls.
            refilled = self._tokens + (now - self._at) * self._throughput.quota
            self._tokens, self._at = min(self._throughput.burst, refilled), now
            allowed = self._tokens >= 1
            self._tokens -= allowed
            self.refused += not allowed
        if not allowed:
            self.clock.sleep(0.02)
            raise ThrottledError("Too many requests")
        self.clock.sleep(self._throughput.latency)
        return Reply("An answer.", "end_turn", 20, 5, int(self._throughput.latency * 1000))


def sequential(throughput: Throughput) -> float:
    """Paid seconds of a script that starts when the endpoint is in service, and asks one question after the other."""
    endpoint = SimulatedEndpoint(throughput, Clock(FAST))
    _one_after_the_other(endpoint)
    return endpoint.paid_seconds


def fixed_wait(throughput: Throughput, creation: float) -> float:
    """Paid seconds of a state machine that waits 1,000 seconds after the purchase, and then does the same."""
    endpoint = SimulatedEndpoint(throughput, Clock(FAST), creation)
    endpoint.clock.sleep(FIXED_WAIT_SECONDS)
    endpoint.clock.sleep(START_SECONDS)
    _one_after_the_other(endpoint)
    return endpoint.paid_seconds


def _one_after_the_other(endpoint: SimulatedEndpoint) -> None:
    answered = 0
    while answered < QUESTIONS:
        try:
            endpoint.ask()
            answered += 1
        except ThrottledError:
            endpoint.clock.sleep(1)
    endpoint.clock.sleep(CALL_SECONDS)  # The deletion.
