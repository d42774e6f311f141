"""What is warned of before anything is spent, and what the judge's quotas allow."""

from typing import Any

import pytest

from tests.doubles import manifest
from tuner.core.errors import QuotaError
from tuner.costs.cost_inputs import Counted, Plan, Questions
from tuner.costs.judge_usage import Judging, check_time
from tuner.costs.warnings import warnings
from tuner.preflight import Preflight

QUESTIONS = Counted(1_000, Questions(100, 5_000, 5_000))


def plan(model: str = "amazon.nova-micro-v1:0:128k", **settings: Any) -> Plan:
    return Plan.of(manifest(model, serving="on_demand", **settings))


def told(records: int = 1_000, account: Preflight | None = None, **settings: Any) -> list[str]:
    return list(warnings(plan(**settings), QUESTIONS, records, account or Preflight(), 25))


def test_a_run_with_nothing_to_say_warns_of_nothing() -> None:
    assert told() == []


def test_a_warm_up_longer_than_recommended_may_never_reach_the_rate() -> None:
    (warning,) = told(48, hyperparameters={"learningRateWarmupSteps": 10})
    assert "is 10: for 48 training records of Nova Micro, AWS recommends 0" in warning
    assert told(6_400, hyperparameters={"learningRateWarmupSteps": 10}) == []


def test_what_aws_does_not_document_is_said() -> None:
    assert "hyperparameters" in told(model="amazon.nova-2-lite-v1:0:256k")[0]


def test_the_accounts_warnings_come_first() -> None:
    assert told(account=Preflight(warnings=("LEGACY",)))[0] == "LEGACY"


def test_the_judge_is_asked_once_an_answer_and_twice_a_pair() -> None:
    assert Judging.of(plan(), QUESTIONS).verdicts == 400
    assert Judging.of(plan(evaluation={"metrics": ["correctness"]}), QUESTIONS).verdicts == 200
    assert Judging.of(plan(evaluation={"metrics": ["rouge"]}), QUESTIONS).verdicts == 0


def test_a_reasoning_judge_may_write_more() -> None:
    plain, reasoning = (
        Judging.of(plan(judge={"model": name}), QUESTIONS)
        for name in ("amazon.nova-pro-v1:0", "openai.gpt-oss-120b-1:0")
    )
    assert reasoning.written == plain.written + 400 * 4096


def test_a_small_quota_is_warned_of_with_the_time_it_takes() -> None:
    (warning,) = told(account=Preflight(judge_requests_per_minute=25.0))
    assert "25 requests a minute: the 400 verdicts take up to 16 minutes" in warning
    assert told(account=Preflight(judge_requests_per_minute=500.0)) == []


def test_tokens_per_minute_count_too() -> None:
    (warning,) = told(account=Preflight(judge_requests_per_minute=500.0, judge_tokens_per_minute=20_000.0))
    assert "20,000 tokens a minute" in warning


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_a_quota_with_which_the_scoring_cannot_end_is_refused(rate: float) -> None:
    with pytest.raises(QuotaError, match="the scoring would not end"):
        told(account=Preflight(judge_requests_per_minute=rate))


def test_a_run_without_a_judge_needs_no_quota() -> None:
    assert told(account=Preflight(judge_requests_per_minute=0.0), evaluation={"metrics": ["rouge"]}) == []


def test_few_shards_have_the_whole_quota_each() -> None:
    judging = Judging(verdicts=100, read=0, written=0)
    assert list(check_time(Preflight(judge_requests_per_minute=1.0), judging, shards=1))
