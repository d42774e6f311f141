"""Warnings before anything is spent, and the judge's quotas."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.doubles import manifest
from tuner.artifacts.preflight import Preflight
from tuner.core.errors import DatasetError, QuotaError
from tuner.costs.cost_inputs import CostInputs, Plan, QuestionTokens
from tuner.costs.judge_usage import JudgeUsage, check_time
from tuner.costs.warnings import warnings

INPUTS = CostInputs(1_000, QuestionTokens(100, 5_000, 5_000))


def plan(model: str = "amazon.nova-micro-v1:0:128k", **settings: Any) -> Plan:
    return Plan.of(manifest(model, serving="on_demand", **settings))


def warned(records: int = 1_000, account: Preflight | None = None, **settings: Any) -> list[str]:
    return list(warnings(plan(**settings), INPUTS, records, account or Preflight(), 25))


def test_a_usual_run_has_no_warnings() -> None:
    assert warned() == []


def test_a_warm_up_longer_than_recommended_gives_a_warning() -> None:
    (warning,) = warned(48, hyperparameters={"learningRateWarmupSteps": 10})
    assert "is 10: for 48 training records of Nova Micro, AWS recommends 0" in warning
    assert warned(6_400, hyperparameters={"learningRateWarmupSteps": 10}) == []


@pytest.mark.parametrize(
    ("questions", "settings", "factors"),
    [
        (20_000, {}, "20,001 questions × 2 contestants"),
        (10_000, {"compare_with": ["few_shot", "retrieval"]}, "10,001 questions × 4 contestants"),
        (
            2_500,
            {
                "evaluation": {"samples": 4},
                "inference": {"temperature": 0.5},
                "compare_with": ["few_shot", "retrieval"],
            },
            "2,501 questions × 4 answers each × 4 contestants",
        ),
        (
            10_000,
            {"judge": {"models": ["us.amazon.nova-pro-v1:0", "us.amazon.nova-lite-v1:0"]}},
            "10,001 questions × 2 contestants × 2 judges",
        ),
    ],
    ids=["two contestants", "four contestants", "several answers", "several judges"],
)
def test_more_answers_than_the_scoring_can_hold_are_refused_before_anything_is_spent(
    questions: int, settings: dict[str, Any], factors: str
) -> None:
    def with_questions(count: int) -> list[str]:
        inputs = replace(INPUTS, questions=QuestionTokens(count, count * 50, count * 50))
        return list(warnings(plan(**settings), inputs, 1_000, Preflight(), 25))

    with_questions(questions)
    with pytest.raises(DatasetError, match=re.escape(f": {factors}. Use fewer evaluation questions")):
        with_questions(questions + 1)


def test_undocumented_facts_give_a_warning() -> None:
    assert "hyperparameters" in warned(model="amazon.nova-2-lite-v1:0:256k")[0]


def test_the_accounts_warnings_come_first() -> None:
    assert warned(account=Preflight(warnings=("LEGACY",)))[0] == "LEGACY"


def test_the_judge_grades_each_answer_once_and_each_pair_twice() -> None:
    assert JudgeUsage.of(plan(), INPUTS).requests == 400
    assert JudgeUsage.of(plan(evaluation={"metrics": ["correctness"]}), INPUTS).requests == 200
    assert JudgeUsage.of(plan(evaluation={"metrics": ["rouge"]}), INPUTS).requests == 0


def test_labels_and_objects_need_no_judge_unless_the_run_names_its_metrics() -> None:
    for task in ("classification", "extraction"):
        assert JudgeUsage.of(plan(), replace(INPUTS, task=task)).requests == 0
        judged = plan(evaluation={"metrics": [task, "correctness"]})
        assert JudgeUsage.of(judged, replace(INPUTS, task=task)).requests == 200


def test_a_reasoning_judge_may_write_more() -> None:
    plain, reasoning = (
        JudgeUsage.of(plan(judge={"model": name}), INPUTS)
        for name in ("amazon.nova-pro-v1:0", "openai.gpt-oss-120b-1:0")
    )
    assert reasoning.output_tokens == plain.output_tokens + 400 * 4096


def test_a_small_quota_gives_a_warning_with_the_expected_time() -> None:
    (warning,) = warned(account=Preflight(judge_requests_per_minute=25.0))
    assert "25 requests a minute: the 400 grades take up to 16 minutes" in warning
    assert warned(account=Preflight(judge_requests_per_minute=500.0)) == []


def test_the_quota_of_tokens_is_checked_too() -> None:
    (warning,) = warned(account=Preflight(judge_requests_per_minute=500.0, judge_tokens_per_minute=20_000.0))
    assert "20,000 tokens a minute" in warning


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_a_quota_that_is_too_small_for_the_scoring_is_refused(rate: float) -> None:
    with pytest.raises(QuotaError, match="the scoring could not finish"):
        warned(account=Preflight(judge_requests_per_minute=rate))


def test_a_run_without_a_judge_needs_no_quota() -> None:
    assert warned(account=Preflight(judge_requests_per_minute=0.0), evaluation={"metrics": ["rouge"]}) == []


def test_a_single_shard_uses_the_whole_quota() -> None:
    usage = JudgeUsage(100, input_tokens=0, output_tokens=0, most_input_tokens=0, most_output_tokens=0)
    assert list(check_time(Preflight(judge_requests_per_minute=1.0), usage, shards=1))


def test_the_scoring_is_refused_only_when_its_shards_could_not_finish() -> None:
    """A shard has 9 x 12 minutes, and four shards share the quota: one of eight takes half of 216 minutes."""
    account = Preflight(judge_requests_per_minute=1.0)

    def usage(requests: int) -> JudgeUsage:
        return JudgeUsage(requests, input_tokens=0, output_tokens=0, most_input_tokens=0, most_output_tokens=0)

    assert list(check_time(account, usage(216), shards=8))
    with pytest.raises(QuotaError):
        list(check_time(account, usage(217), shards=8))
    assert list(check_time(account, usage(15), shards=8)) == []
    assert list(check_time(account, usage(16), shards=8))


def test_the_quota_that_takes_longest_decides() -> None:
    account = Preflight(judge_requests_per_minute=10.0, judge_tokens_per_minute=10_000.0)
    usage = JudgeUsage(200, input_tokens=50_000, output_tokens=0, most_input_tokens=0, most_output_tokens=0)
    (warning,) = check_time(account, usage, shards=8)
    assert "10 requests a minute" in warning
    assert "up to 20 minutes" in warning
