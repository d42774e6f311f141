"""The bound follows what the other side takes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from tuner.core.concurrency_limiter import Pacer
from tuner.core.errors import AccessDeniedError, ThrottledError


def call(pacer: Pacer, error: Exception | None = None) -> None:
    with pacer.slot():
        if error:
            raise error


def test_it_grows_by_a_call_each_time_and_stops_at_the_most() -> None:
    pacer = Pacer(10)
    for _ in range(20):
        call(pacer)
    assert pacer.bound == 10


def test_a_throttling_shrinks_it_and_then_it_goes_back_carefully() -> None:
    pacer = Pacer(100)
    for _ in range(12):
        call(pacer)
    assert pacer.bound == 40
    with pytest.raises(ThrottledError):
        call(pacer, ThrottledError("slow down"))
    assert pacer.bound == pytest.approx(22.1), "slow start went beyond"
    for _ in range(22):
        call(pacer)
    assert 23.2 < pacer.bound < 24.3, "half of the way back"
    for _ in range(24):
        call(pacer)
    assert 24.3 < pacer.bound < 25.4, "by one call at least"


def test_beyond_what_was_throttled_it_grows_faster_and_faster() -> None:
    pacer = Pacer(1000)
    with pytest.raises(ThrottledError):
        call(pacer, ThrottledError("slow down"))
    sizes = []
    for _ in range(8):
        for _ in range(int(pacer.bound)):
            call(pacer)
        sizes.append(pacer.bound)
    steps = [after - before for before, after in pairwise(sizes)]
    assert steps[-1] > 4 * steps[0]
    assert sizes[-1] > 30


def test_it_does_not_grow_while_answers_are_queued_on_the_other_side() -> None:
    now = [0.0]
    pacer = Pacer(1000, clock=lambda: now[0], sleep=lambda _: None)

    def answered(seconds: float, times: int) -> None:
        for _ in range(times):
            with pacer.slot():
                now[0] += seconds

    answered(1.0, 16)
    answered(4.0, 48)
    stopped_at = pacer.bound
    answered(4.0, 200)
    assert pacer.bound == stopped_at
    answered(1.0, 200)
    assert pacer.bound > stopped_at


def test_calls_that_were_under_way_shrink_it_once() -> None:
    pacer = Pacer(8)
    barrier = threading.Barrier(4)

    def throttled(_: int) -> None:
        with pytest.raises(ThrottledError), pacer.slot():
            barrier.wait(5)
            raise ThrottledError("slow down")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(throttled, range(4)))
    assert pacer.bound == pytest.approx(8 * 0.65 * 0.85)


def test_it_never_stops_altogether() -> None:
    pacer = Pacer(4)
    for _ in range(50):
        with pytest.raises(ThrottledError):
            call(pacer, ThrottledError("slow down"))
        call(pacer)
    assert 1 <= pacer.bound < 3


def test_many_refusals_in_a_row_tell_of_one_moment() -> None:
    pacer = Pacer(4, sleep=lambda _: None)
    for _ in range(50):
        with pytest.raises(ThrottledError):
            call(pacer, ThrottledError("slow down"))
    assert pacer.bound == pytest.approx(4 * 0.65 * 0.85)


def test_another_error_says_nothing_about_the_pace() -> None:
    pacer = Pacer(8)
    with pytest.raises(AccessDeniedError):
        call(pacer, AccessDeniedError("no"))
    assert pacer.bound == 8


def test_no_more_calls_are_under_way_than_the_bound() -> None:
    pacer = Pacer(3)
    lock, now, most = threading.Lock(), [0], [0]
    enough = threading.Barrier(3)

    def work(_: int) -> None:
        with pacer.slot():
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            enough.wait(5)
            with lock:
                now[0] -= 1

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(work, range(9)))
    assert most[0] == 3


def test_starts_are_spread_over_the_time_that_an_answer_takes() -> None:
    now, starts = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pacer = Pacer(4, clock=lambda: now[0], sleep=sleep)
    for _ in range(12):
        with pacer.slot():
            starts.append(now[0])
            now[0] += 1.0 if len(starts) == 1 else 0.0  # the first shows that an answer takes a second
    gaps = [after - before for before, after in pairwise(starts[1:])]
    assert min(gaps) > 0
    assert max(gaps) == pytest.approx(0.9 * 1.0 / 4)
