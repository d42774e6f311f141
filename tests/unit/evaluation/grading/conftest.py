"""Judges that do not wait between attempts."""

from functools import partial

import pytest

from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.evaluation.judging.judge import Judge


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.evaluation.grading.shards.Judge", partial(Judge, sleep=lambda _: None))
    limiter = partial(ConcurrencyLimiter, sleep=lambda _: None)
    monkeypatch.setattr("tuner.evaluation.grading.shards.ConcurrencyLimiter", lambda _: limiter(2))
