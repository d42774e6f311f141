"""Reserves the tokens of a paid call before it is made, and refuses the call that would pass the allotment.

The allotments of a run's parts are divided from its approved estimate (tuner/costs/allotments.py), so no part needs to
know what the others have spent. docs/decisions/0020-paid-calls-are-metered.md has the proof.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeVar

from tuner.artifacts.base import parse
from tuner.artifacts.costs.token_reservation import Payer, Reservation
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError, SpendingLimitError, TunerError
from tuner.core.run import again_command
from tuner.core.text_sanitizer import as_sentence

# The share of an allotment that is reserved at once. An invocation that is killed loses at most this and its calls.
_SHARES = 10
# The most writers at a time are two: a function that Step Functions believes to have failed, and its next attempt.
_WRITES = 10
_READS = 16


@dataclass(frozen=True, slots=True)
class Tokens:
    """Input and output tokens. Each of the two is compared on its own, because their prices differ."""

    input: int
    output: int

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output)

    def __sub__(self, other: Tokens) -> Tokens:
        return Tokens(self.input - other.input, self.output - other.output)

    def within(self, other: Tokens) -> bool:
        """Whether neither number is larger than the other's."""
        return self.input <= other.input and self.output <= other.output

    def at_least(self, other: Tokens) -> Tokens:
        """The larger of each number."""
        return Tokens(max(self.input, other.input), max(self.output, other.output))

    def at_most(self, other: Tokens) -> Tokens:
        """The smaller of each number."""
        return Tokens(min(self.input, other.input), min(self.output, other.output))


_NONE = Tokens(0, 0)


@dataclass(frozen=True, slots=True)
class Balance:
    """What is reserved, and the part of it that replies show not to have been used."""

    reserved: Tokens = _NONE
    unused: Tokens = _NONE

    @property
    def most_used(self) -> Tokens:
        """What AWS bills at most."""
        return self.reserved - self.unused


class ReservationStore(Protocol):
    """Keeps how many tokens are reserved, over all invocations of a function."""

    def read(self) -> tuple[Balance, str | None]:
        """The balance, and the version for `write`."""
        ...

    def write(self, balance: Balance, version: str | None) -> bool:
        """Replaces this version. False when somebody else wrote meanwhile."""
        ...

    def is_closed(self) -> bool:
        """Whether the run has ended, so that what it spent may be counted already."""
        ...


@dataclass(frozen=True, slots=True)
class FolderReservationStore:
    """The reservation of one payer and shard, a file in the run's folder."""

    folder: RunFolder
    payer: Payer
    shard: int = 0

    def read(self) -> tuple[Balance, str | None]:
        """The balance: nothing before the first call."""
        name = Reservation.name(self.payer, self.shard)
        data, version = self.folder.find_version(name)
        found = Reservation() if data is None else parse(Reservation, data, self.folder.uri(name))
        return _balance(found), version

    def write(self, balance: Balance, version: str | None) -> bool:
        """Replaces the file."""
        document = Reservation(
            input_tokens=balance.reserved.input,
            output_tokens=balance.reserved.output,
            unused_input_tokens=balance.unused.input,
            unused_output_tokens=balance.unused.output,
        )
        return self.folder.replace(Reservation.name(self.payer, self.shard), document.to_json(), version)

    def is_closed(self) -> bool:
        """Whether the run has a report. The ledger counts the reservations of a run after its report is written."""
        return _has_report(self.folder)


def _has_report(folder: RunFolder) -> bool:
    return Keys.REPORT in folder.list(Keys.REPORT)


def refuse_closed_run(folder: RunFolder) -> None:
    """Raises SpendingLimitError for a run that has its report, such as one whose execution was redriven.

    The ledger has counted what the run spent, and the run has given its training place back.
    """
    if _has_report(folder):
        raise SpendingLimitError(
            f"The run has ended and has its report, {folder.uri(Keys.REPORT_PAGE)}, so it pays for nothing more. Its "
            f"execution cannot be continued by a redrive. To run the dataset again: {again_command(folder.run_id)}."
        )


def _refuse_if_closed(store: ReservationStore) -> None:
    """Raises SpendingLimitError for a function that outlives its execution, or runs again after it.

    To be called after a reservation is written: either the ledger counts the reservation, or the report is seen here.
    """
    if store.is_closed():
        raise SpendingLimitError("The call was not made: the run has ended and has its report, so it pays for no more.")


@dataclass(frozen=True, slots=True)
class SingleCall:
    """The reservation of one paid call. Its idempotency token makes AWS run it once, however often it is sent."""

    store: ReservationStore
    most: Tokens

    def reserve(self) -> None:
        """Reserves what the call takes at most. Does nothing if that was done before."""
        self._write(lambda balance: Balance(self.most, balance.unused))
        _refuse_if_closed(self.store)

    def settle(self, unused: Tokens) -> None:
        """Records which part of it was not used, once the call is over."""
        self._write(lambda balance: Balance(balance.reserved, unused.at_most(balance.reserved)))

    def give_back(self) -> None:
        """Frees what a call that was refused had reserved."""
        self._write(lambda _: Balance())

    def _write(self, change: Callable[[Balance], Balance]) -> None:
        for _ in range(_WRITES):
            balance, version = self.store.read()
            if change(balance) == balance or self.store.write(change(balance), version):
                return
        raise RetryableError("Other invocations of this step write the same reservation at the same time.")


def most_used(folder: RunFolder, payer: Payer) -> Tokens:
    """What AWS bills at most for the calls of a payer, over all its shards: what they used, or had reserved."""
    names = folder.list(Reservation.folder(payer))
    with ThreadPoolExecutor(_READS) as pool:
        found = pool.map(lambda name: parse(Reservation, folder.read(name), folder.uri(name)), names)
        return sum((_balance(each).most_used for each in found), _NONE)


def _balance(found: Reservation) -> Balance:
    return Balance(
        Tokens(found.input_tokens, found.output_tokens),
        Tokens(found.unused_input_tokens, found.unused_output_tokens),
    )


class Reply(Protocol):
    """The reply of a call, with the tokens that Bedrock counted."""

    @property
    def input_tokens(self) -> int:
        """Tokens of the request."""
        ...

    @property
    def output_tokens(self) -> int:
        """Tokens of the reply."""
        ...


def unused_of(most: Tokens, reply: Reply) -> Tokens:
    """The part of a call's largest possible use that its reply shows not to have been used."""
    # Every request has input tokens, and no number is negative: any other reply does not say what it used. One that
    # seems to have used less than nothing would hide what other calls used.
    says = reply.input_tokens > 0 and reply.output_tokens >= 0
    used = Tokens(reply.input_tokens, reply.output_tokens) if says else most
    return (most - used).at_least(_NONE)


R = TypeVar("R", bound=Reply)


class Meter:
    """Lets calls through while their largest possible use fits into what is left of `allotted`.

    Several threads may share it. Leaving its context gives back what was reserved and not used.
    """

    def __init__(self, store: ReservationStore, allotted: Tokens) -> None:
        self._store = store
        self._allotted = allotted
        # Reserved by this invocation, and not used by a call yet.
        self._free = _NONE
        # Used by a call, as far as was reserved for it, and not: since the last write.
        self._unused = _NONE
        # Why the first call without a usable reply, which stays reserved, had none.
        self._lost: TunerError | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            free, self._free = self._free, _NONE
            if free != _NONE or self._unused != _NONE:
                balance, version = self._store.read()
                # Not repeated if another invocation wrote meanwhile: S3 refuses a repeated write also when the first
                # one arrived and only its reply was lost. The same tokens would then be given back twice.
                self._store.write(Balance(balance.reserved - free, balance.unused + self._known_unused()), version)

    def ask(self, most: Tokens, send: Callable[[], R]) -> R:
        """A paid call, and the tokens of its reply. Raises SpendingLimitError instead of making the call, as `call`."""
        with self.call(most):
            reply = send()
        with self._lock:
            self._unused += unused_of(most, reply)
        return reply

    @contextmanager
    def call(self, most: Tokens) -> Iterator[None]:
        """A paid call that takes at most `most`. Raises SpendingLimitError, instead of entering the context, if that
        may pass the allotment.

        A call gives back only what AWS cannot have billed. What a reply says that it used changes no limit.
        """
        self._reserve(most)
        try:
            yield
        except TunerError as error:
            with self._lock:
                if not error.may_be_billed:
                    self._free += most
                elif self._lost is None:
                    self._lost = error
            raise

    def _reserve(self, most: Tokens) -> None:
        with self._lock:
            if not most.within(self._free):
                self._take(most - self._free)
            self._free -= most

    def _take(self, missing: Tokens) -> None:
        """Reserves what is missing for a call and, to save requests to S3, some more for the next ones."""
        share = Tokens(self._allotted.input // _SHARES, self._allotted.output // _SHARES)
        for _ in range(_WRITES):
            balance, version = self._store.read()
            left = self._allotted - balance.reserved
            if not missing.within(left):
                said = f" The first of them failed: {as_sentence(str(self._lost))}" if self._lost else ""
                raise SpendingLimitError(
                    "The call was not made: with it, the run could cost more than the worst case that was approved. "
                    f"Calls without a usable reply used up what was left.{said}"
                )
            taken = missing.at_least(share).at_most(left).at_least(_NONE)
            # Included in one write only: one that is refused may have arrived.
            unused = balance.unused + self._known_unused()
            if self._store.write(Balance(balance.reserved + taken, unused), version):
                _refuse_if_closed(self._store)
                self._free += taken
                return
        raise RetryableError("Other invocations of this step reserve tokens for the same calls at the same time.")

    def _known_unused(self) -> Tokens:
        unused, self._unused = self._unused, _NONE
        return unused
