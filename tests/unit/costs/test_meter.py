"""The meter: calls reserve the most that they can take, over all invocations, and none passes the allotment."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import MemoryFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, RetryableError, SpendingLimitError, ThrottledError
from tuner.costs.meter import Balance, FolderReservationStore, Meter, SingleCall, Tokens, most_used

ALLOTTED, NOTHING, NO_BALANCE = Tokens(100, 50), Tokens(0, 0), Balance()


def store(folder: MemoryFolder) -> FolderReservationStore:
    return FolderReservationStore(folder, "judge", 3)


def calls(meter: Meter, *most: Tokens) -> int:
    """How many of the calls were made."""
    made = 0
    for each in most:
        try:
            with meter.call(each):
                made += 1
        except SpendingLimitError:
            continue
    return made


def test_a_call_that_would_pass_the_allotment_is_not_made() -> None:
    with Meter(store(MemoryFolder()), ALLOTTED) as meter:
        assert calls(meter, Tokens(60, 20), Tokens(50, 1), Tokens(1, 31), Tokens(40, 30), Tokens(1, 0)) == 2


def test_an_invocation_continues_with_what_the_earlier_ones_left() -> None:
    folder = MemoryFolder()
    for expected in (2, 2, 1, 0):
        with Meter(store(folder), ALLOTTED) as meter:
            assert calls(meter, *[Tokens(20, 10)] * 2) == expected
    assert folder.files.keys() == {"scores/verdicts/reserved/00003.json"}


def test_what_a_killed_invocation_reserved_stays_reserved() -> None:
    folder = MemoryFolder()
    for _ in range(3):  # neither is left: nothing is given back
        calls(Meter(store(folder), ALLOTTED), Tokens(21, 1))
    with Meter(store(folder), ALLOTTED) as meter:
        assert calls(meter, *[Tokens(21, 1)] * 4) == 1


@pytest.mark.parametrize(
    ("error", "made"), [(ThrottledError("slow"), 5), (AwsError("invalid"), 5), (RetryableError("no reply"), 4)]
)
def test_only_what_cannot_have_been_billed_is_given_back(error: Exception, made: int) -> None:
    with Meter(store(MemoryFolder()), ALLOTTED) as meter:
        with pytest.raises(type(error)), meter.call(Tokens(20, 10)):
            raise error
        assert calls(meter, *[Tokens(20, 10)] * 9) == made


def test_threads_share_the_allotment() -> None:
    with Meter(store(MemoryFolder()), ALLOTTED) as meter, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: calls(meter, Tokens(10, 1)), range(40))) == 10


@dataclass
class Contested:
    """A store whose writes can fail, also after they arrived."""

    outcomes: Iterator[str]
    balance: Balance = NO_BALANCE
    version: int = 0

    def read(self) -> tuple[Balance, str | None]:
        return self.balance, str(self.version)

    def write(self, balance: Balance, version: str | None) -> bool:
        outcome = next(self.outcomes, "written")
        if outcome == "lost before" or version != str(self.version):
            return False
        self.balance, self.version = balance, self.version + 1
        return outcome == "written"

    def is_closed(self) -> bool:
        return False


@dataclass
class Billed:
    tokens: Tokens = NOTHING


@dataclass
class Counted:
    """A reply that used less than its call could have."""

    input_tokens: int
    output_tokens: int


WHAT = ["call", "short", "lost reply", "throttled", "leave", "killed"]
SIZES = st.tuples(st.integers(0, 60), st.integers(0, 30))
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(WHAT), SIZES),
    max_size=30,
)


@given(STEPS, st.lists(st.sampled_from(["written", "lost before", "lost after"]), max_size=20))
def test_no_order_of_invocations_and_faults_bills_more_than_the_allotment(
    steps: list[tuple[int, str, tuple[int, int]]], writes: list[str]
) -> None:
    """Three invocations of one step at the same time, which are left, killed and begun again; writes that get lost."""
    kept, billed = Contested(iter(writes)), Billed()
    meters = [Meter(kept, ALLOTTED) for _ in range(3)]
    for number, what, (read, written) in steps:
        meter = meters[number]
        if what in ("leave", "killed"):
            if what == "leave":
                meter.__exit__(None, None, None)
            meters[number] = Meter(kept, ALLOTTED)
            continue
        used = Tokens(read, written // 2) if what == "short" else Tokens(read, written)

        def send(what: str = what, used: Tokens = used) -> Counted:
            if what == "throttled":
                raise ThrottledError("slow")
            billed.tokens += used
            if what == "lost reply":
                raise RetryableError("no reply")
            return Counted(used.input, used.output)

        with contextlib.suppress(SpendingLimitError, RetryableError):
            meter.ask(Tokens(read, written), send)
    assert billed.tokens.within(ALLOTTED)
    assert billed.tokens.within(kept.balance.most_used)


def test_what_replies_did_not_use_limits_no_call_and_is_not_counted_as_used() -> None:
    folder = MemoryFolder()
    for shard, reply in ((0, Counted(20, 3)), (1, Counted(0, 0))):
        with Meter(FolderReservationStore(folder, "judge", shard), ALLOTTED) as meter:
            for _ in range(2):
                meter.ask(Tokens(30, 10), partial(Counted, reply.input_tokens, reply.output_tokens))
            assert calls(meter, Tokens(41, 0)) == 0
    # The second reply does not say what it used.
    assert most_used(folder, "judge") == Tokens(2 * 20 + 2 * 30, 2 * 3 + 2 * 10)
    assert most_used(folder, "base") == NOTHING


@pytest.mark.parametrize("reply", [Counted(-1_000, 3), Counted(20, -1_000)])
def test_a_reply_that_used_less_than_nothing_hides_no_use_of_other_calls(reply: Counted) -> None:
    folder = MemoryFolder()
    with Meter(FolderReservationStore(folder, "judge", 0), ALLOTTED) as meter:
        meter.ask(Tokens(30, 10), lambda: Counted(20, 3))
        meter.ask(Tokens(30, 10), lambda: reply)
    assert most_used(folder, "judge") == Tokens(20 + 30, 3 + 10)


def test_a_killed_invocation_counts_with_all_that_it_had_reserved() -> None:
    folder = MemoryFolder()
    Meter(FolderReservationStore(folder, "base", 0), ALLOTTED).ask(Tokens(30, 10), lambda: Counted(1, 1))
    assert most_used(folder, "base") == Tokens(30, 10)


@pytest.mark.parametrize("before", range(9))
def test_a_function_that_outlives_its_run_pays_for_no_more_than_the_ledger_has_counted(before: int) -> None:
    """The run is stopped after some calls. Its report is written, the ledger counts, and the function goes on."""
    folder, billed, counted = MemoryFolder(), 0, NOTHING
    meter = Meter(store(folder), Tokens(100, 0))
    for number in range(12):
        if number == before:
            folder.write(Keys.REPORT, b"{}")
            counted = most_used(folder, "judge")
        with contextlib.suppress(SpendingLimitError):
            billed += meter.ask(Tokens(7, 0), lambda: Counted(7, 0)).input_tokens
    meter.__exit__(None, None, None)
    assert billed <= counted.input


def test_a_batch_job_of_a_run_that_has_ended_is_not_started() -> None:
    folder = MemoryFolder()
    folder.write(Keys.REPORT, b"{}")
    with pytest.raises(SpendingLimitError, match="the run has ended"):
        SingleCall(store(folder), Tokens(5, 5)).reserve()


def test_a_refused_call_says_why_the_calls_before_it_had_no_usable_reply() -> None:
    def fails(error: Exception) -> Counted:
        raise error

    with Meter(store(MemoryFolder()), ALLOTTED) as meter:
        for error in (ThrottledError("slow down"), RetryableError("no answer: timeout"), RetryableError("again")):
            with pytest.raises(type(error)):
                meter.ask(Tokens(50, 10), partial(fails, error))
        with pytest.raises(
            SpendingLimitError, match=r"used up what was left\. The first of them failed: no answer: timeout\.$"
        ):
            meter.ask(Tokens(50, 10), partial(Counted, 1, 1))
