"""Decides at every AWS call what happens: nothing special, a fault, or something else that runs in between.

A path through the search is a list of deviations from a run without any fault. The session follows the given
deviations and notes at which later calls which others would be possible.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from tests.protocol.world import HOUR, World

# How long a lasting fault lasts: longer than all retries of a release.
OUTAGE_SECONDS = 2 * HOUR
# The longest time for which a new resource cannot be seen: a little less than what the releases assume.
LAG_SECONDS = 170.0
# Reads may show for this long what was deleted.
AFTERGLOW_SECONDS = 60.0

THROTTLED, OUTAGE, CUT, REPEATED = "throttled, once", "throttled, lasting", "cut after it acted, once", "sent twice"
CRASH_BEFORE, CRASH_AFTER = "crashes before its effect", "crashes after its effect"
READS_LAG, ALL_LAGS = "is followed by stale reads", "is followed by stale reads and deletions"
MISSES, SHOWS_GONE = "misses what exists", "shows what is gone"
HIDES = "misses what exists, for minutes"
REFUSED, SLOW = "is refused", "takes half a minute"
STOP_HERE, STOP_BEFORE = "stopped, and the rule releases meanwhile", "stopped, and the rule releases afterwards"
STOPPED, LONG_WAIT = "stopped as it begins", "waits for hours"
SWEEP_HERE, TWICE, STEP_HERE = "the sweep runs meanwhile", "is invoked twice at once", "the next state runs meanwhile"


class Crash(BaseException):
    """The function's process ends. No handler of the function may catch this."""


class ModelError(BaseException):
    """The model itself is wrong. No handler of a function may catch this either."""


@dataclass(frozen=True)
class Deviation:
    """One choice that differs from a run without faults: its position, and what it says."""

    position: int
    option: str
    at: float
    place: str
    target: str
    function: str = ""

    def __str__(self) -> str:
        return f"{self.at:8.0f} s  {self.place} · {self.target} · {self.option}"


@dataclass
class Frame:
    """An invocation in progress. `interrupts` are what may run in between, by option."""

    place: str
    function: str
    interrupts: Mapping[str, Callable[[], None]] = field(default_factory=dict)


@dataclass
class Session:
    """One event in the world, with the deviations that it follows.

    `budget` is how many may still be added, and `only` which ones; all if it is empty.
    """

    world: World
    wanted: Mapping[int, str] = field(default_factory=dict)
    budget: int = 0
    only: Collection[str] = ()
    position: int = 0
    frames: list[Frame] = field(default_factory=list)
    taken: list[Deviation] = field(default_factory=list)
    possible: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    calls: int = 0

    def choose(self, place: str, target: str, options: Sequence[str]) -> str:
        """The option that the path wants here; empty for none."""
        self.position += 1
        option = self.wanted.get(self.position, "")
        if option:
            function = self.frames[-1].function if self.frames else ""
            self.taken.append(Deviation(self.position, option, self.world.now, place, target, function))
        elif options and self.budget and self.position > max(self.wanted, default=0):
            wanted = tuple(name for name in options if not self.only or name in self.only)
            self.possible.append((self.position, wanted))
        return option

    def write(self, service: str, operation: str, effect: Callable[[], Any], more: Sequence[str] = ()) -> Any:
        """A call that changes something. `more` are options that the caller handles after the effect."""
        frame, target = self.frames[-1], f"{service}.{operation}"
        self._refuse_in_an_outage(frame, operation)
        lasting = () if service == "s3" else (OUTAGE,)
        faults = (THROTTLED, *lasting, CUT, REPEATED, CRASH_BEFORE, CRASH_AFTER, *more)
        option = self._interrupted(frame, target, faults)
        if option == CRASH_BEFORE:
            raise Crash
        self._throttle(option, frame, operation)
        result = _done(effect)
        if option == REPEATED:
            result = _done(effect)
        if option == CRASH_AFTER:
            raise Crash
        if option == CUT:
            raise ConnectionClosedError(endpoint_url=f"https://{service}")
        return result, option

    def read(self, service: str, operation: str, reads: Mapping[str, Callable[[], Any]]) -> Any:
        """A call that changes nothing. `reads` has each kind of answer; that without a name is the true one."""
        frame, target = self.frames[-1], f"{service}.{operation}"
        self._refuse_in_an_outage(frame, operation)
        true, stale = _answer(reads[""]), {}
        if self.budget or self.wanted:
            stale = {name: answer for name, read in reads.items() if name and (answer := _answer(read)) != true}
        option = self._interrupted(frame, target, (THROTTLED, *stale))
        self._throttle(option, frame, operation)
        if option == HIDES:
            self.world.hide(LAG_SECONDS)
        # An interruption may have changed what is there.
        found = stale[option] if option in stale else _answer(reads[""])
        if isinstance(found, Error):
            raise client_error(found.code, operation)
        return found

    def _interrupted(self, frame: Frame, target: str, faults: Sequence[str]) -> str:
        self.calls += 1
        interrupts = frame.interrupts if len(self.frames) == 1 else {}
        option = self.choose(frame.place, target, (*faults, *interrupts))
        if option in interrupts:
            interrupts[option]()
        return option

    def _throttle(self, option: str, frame: Frame, operation: str) -> None:
        if option == OUTAGE:
            self.world.outages[frame.function, operation] = self.world.now + OUTAGE_SECONDS
        if option in {THROTTLED, OUTAGE}:
            raise client_error("ThrottlingException", operation)

    def _refuse_in_an_outage(self, frame: Frame, operation: str) -> None:
        if self.world.outages.get((frame.function, operation), 0.0) > self.world.now:
            raise client_error("ThrottlingException", operation)

    def sleep(self, seconds: float) -> None:
        """Lets the time pass."""
        self.world.now += seconds


@dataclass(frozen=True)
class Error:
    """An error as the answer of a read."""

    code: str


def client_error(code: str, operation: str) -> ClientError:
    """What botocore raises for an error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": f"{operation}: {code}"}}, operation)


def _done(effect: Callable[[], Any]) -> Any:
    try:
        return effect()
    except ClientError:
        raise
    except Exception as error:
        raise ModelError(f"{type(error).__name__}: {error}") from error


def _answer(read: Callable[[], Any]) -> Any:
    try:
        return _done(read)
    except ClientError as error:
        return Error(error.response["Error"]["Code"])
