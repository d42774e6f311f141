"""The limit follows what the service accepts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AccessDeniedError, ThrottledError


def steady(maximum: int) -> ConcurrencyLimiter:
    """A limiter for which every call takes no time: on the real clock, a busy machine looks like a slow service."""
    return ConcurrencyLimiter(maximum, clock=lambda: 0.0, sleep=lambda _: None)


def call(limiter: ConcurrencyLimiter, error: Exception | None = None) -> None:
    with limiter.slot():
        if error:
            raise error


def test_the_limit_grows_with_successes_up_to_the_maximum() -> None:
    limiter = steady(10)
    for _ in range(20):
        call(limiter)
    assert limiter.limit == 10


def test_throttling_cuts_the_limit_which_then_recovers_in_small_steps() -> None:
    limiter = steady(100)
    for _ in range(12):
        call(limiter)
    assert limiter.limit == 40
    with pytest.raises(ThrottledError):
        call(limiter, ThrottledError("slow down"))
    assert limiter.limit == pytest.approx(22.1), "slow start ended above the quota"
    for _ in range(22):
        call(limiter)
    assert 23.2 < limiter.limit < 24.3, "half of the distance"
    for _ in range(24):
        call(limiter)
    assert 24.3 < limiter.limit < 25.4, "at least one call"


def test_beyond_the_throttled_limit_growth_accelerates() -> None:
    limiter = steady(1000)
    with pytest.raises(ThrottledError):
        call(limiter, ThrottledError("slow down"))
    sizes = []
    for _ in range(8):
        for _ in range(int(limiter.limit)):
            call(limiter)
        sizes.append(limiter.limit)
    steps = [after - before for before, after in pairwise(sizes)]
    assert steps[-1] > 4 * steps[0]
    assert sizes[-1] > 30


def test_the_limit_does_not_grow_while_the_service_queues_calls() -> None:
    now = [0.0]
    limiter = ConcurrencyLimiter(1000, clock=lambda: now[0], sleep=lambda _: None)

    def answered(seconds: float, times: int) -> None:
        for _ in range(times):
            with limiter.slot():
                now[0] += seconds

    answered(1.0, 16)
    answered(4.0, 48)
    stopped_at = limiter.limit
    answered(4.0, 200)
    assert limiter.limit == stopped_at
    answered(1.0, 200)
    assert limiter.limit > stopped_at


def test_throttled_calls_that_were_in_flight_together_cut_the_limit_once() -> None:
    limiter = steady(8)
    barrier = threading.Barrier(4)

    def throttled(_: int) -> None:
        with pytest.raises(ThrottledError), limiter.slot():
            barrier.wait(60)
            raise ThrottledError("slow down")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(throttled, range(4)))
    assert limiter.limit == pytest.approx(8 * 0.65 * 0.85)


def test_the_limit_never_falls_below_one_call() -> None:
    limiter = steady(4)
    for _ in range(50):
        with pytest.raises(ThrottledError):
            call(limiter, ThrottledError("slow down"))
        call(limiter)
    assert 1 <= limiter.limit < 3


def test_a_burst_of_throttling_cuts_the_limit_once() -> None:
    limiter = steady(4)
    for _ in range(50):
        with pytest.raises(ThrottledError):
            call(limiter, ThrottledError("slow down"))
    assert limiter.limit == pytest.approx(4 * 0.65 * 0.85)


def test_other_errors_leave_the_limit_unchanged() -> None:
    limiter = steady(8)
    with pytest.raises(AccessDeniedError):
        call(limiter, AccessDeniedError("no"))
    assert limiter.limit == 8


def test_calls_in_flight_never_exceed_the_limit() -> None:
    limiter = steady(3)
    lock, now, most = threading.Lock(), [0], [0]
    enough = threading.Barrier(3)

    def work(_: int) -> None:
        with limiter.slot():
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            enough.wait(60)
            with lock:
                now[0] -= 1

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(work, range(9)))
    assert most[0] == 3


def test_starts_are_spaced_over_the_latency_of_a_call() -> None:
    now, starts = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    limiter = ConcurrencyLimiter(4, clock=lambda: now[0], sleep=sleep)
    for _ in range(12):
        with limiter.slot():
            starts.append(now[0])
            now[0] += 1.0 if len(starts) == 1 else 0.0  # the first call shows a latency of one second
    gaps = [after - before for before, after in pairwise(starts[1:])]
    assert min(gaps) > 0
    assert max(gaps) == pytest.approx(0.9 * 1.0 / 4)
