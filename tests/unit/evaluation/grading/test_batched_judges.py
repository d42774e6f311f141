"""Which judges are asked in batch jobs, why others are not, and at what price."""

from dataclasses import replace
from typing import Any

import pytest

from tests.doubles import RUN, MemoryFolder
from tests.unit.costs.test_spending_is_bounded import NoEncoder
from tests.unit.evaluation.grading.judge_jobs import (
    JUDGE,
    OTHER,
    Calls,
    JudgeJobs,
    answered,
    collected,
    started,
)
from tuner.artifacts.costs.cost_items import JUDGE_BATCH, CostItemId
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.preflight import Preflight
from tuner.artifacts.report import Report
from tuner.costs.batch_choice import batch_choice
from tuner.costs.cost_inputs import Plan
from tuner.costs.estimate import estimate
from tuner.costs.ledger.spent import METERED, PaidUse
from tuner.costs.prices.price_list import PriceList, price_list
from tuner.costs.write_estimate import counted_sizes
from tuner.evaluation.grading.shards import Shards


def test_each_judge_is_asked_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = answered(judge={"models": [OTHER, JUDGE], "model": None})
    folder.save(Preflight(batch_minimums={JUDGE: 1}))
    made = reestimated(folder)
    (warning,) = [each for each in made.warnings if "judge" in each]
    assert warning.startswith("hurry: the judge Claude Sonnet 4.6")
    assert "Service Quotas names no least number of records" in warning
    jobs = JudgeJobs(folder)
    (job,) = started(folder, jobs)
    assert (job.judge, folder.list("batch/judges/2/job.json")) == (JUDGE, ["batch/judges/2/job.json"])
    collected(folder, jobs)
    calls = Calls(folder)
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda *_, **__: calls)
    found = Shards(folder, 2, NoEncoder())  # type: ignore[arg-type]
    found.graded(0, found.items_of(0))
    assert {request["modelId"] for request in calls.requests} == {OTHER}
    assert all("toolConfig" in request for request in calls.requests)
    items = {item.key: item for item in made.items}
    report = Report(run_id=RUN, status="SUCCEEDED", verdict=Verdict(sentence=""), ended_at="", folder="", estimate=made)
    use = PaidUse.of(folder, report)
    assert f"judge_batch_input {JUDGE}" in items
    assert f"judge_batch_input {OTHER}" not in items
    assert use.calls["batch/judges/2"].input == jobs.billed["input"]


def reestimated(folder: MemoryFolder, prices: PriceList | None = None) -> Estimate:
    known = prices or price_list(())
    plan, inputs = Plan.of(folder.manifest()), counted_sizes(folder, folder.manifest()).inputs
    chosen = batch_choice(plan, inputs, folder.load(Preflight)).of_cheaper_judges(plan, known)
    inputs = replace(inputs, batched=chosen.batched, batched_judges=chosen.judges)
    made = estimate(plan, inputs, SpendingLimits(budget_usd=500), known, chosen.reasons)
    folder.save(made)
    return made


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"evaluation": {"stop_early": True}}, "with evaluation.stop_early, its grades decide how long the tuned"),
        ({"keep_hours": 2}, "with keep_hours, the throughput would be paid while the run waits for the job."),
        ({"least": 7}, "a batch job of amazon.nova-pro-v1:0 has at least 7 records, and the run has 6."),
    ],
)
def test_why_a_judge_is_not_asked_in_batch_is_said_before_any_spend(chosen: dict[str, Any], reason: str) -> None:
    folder = answered(**{"serving": "provisioned", **chosen})
    made = folder.load(Estimate)
    assert not [item for item in made.items if item.id in JUDGE_BATCH]
    assert any(f"the judge Nova Pro is asked by calls, at the full price: {reason}" in w for w in made.warnings)
    assert started(folder, JudgeJobs(folder)) == ()


def test_with_stop_early_the_contestants_are_asked_in_batch_all_the_same() -> None:
    folder = answered(evaluation={"stop_early": True})
    folder.save(Preflight(batch_minimums={JUDGE: 1, folder.manifest().base_endpoint: 1}))
    made = reestimated(folder)
    assert made.find(CostItemId.BATCH_INPUT, contestant="base")
    assert not made.find(CostItemId.JUDGE_BATCH_INPUT)


def test_a_judge_without_a_known_price_of_a_batch_is_asked_by_calls() -> None:
    folder = answered()
    known = [each for each in price_list(())._prices if not each.item.startswith("batch_")]
    made = reestimated(folder, PriceList(known))
    assert not [item for item in made.items if item.id in JUDGE_BATCH]
    assert any("no price of a batch job is known for it" in warning for warning in made.warnings)


def test_a_run_without_a_judge_says_nothing_of_one() -> None:
    made = answered(evaluation={"metrics": ["exact_match"]}).load(Estimate)
    assert not [each for each in made.warnings if "judge" in each]


def test_the_estimate_has_half_the_price_and_a_smaller_worst_case() -> None:
    hurried, unhurried = (answered(hurry=hurry).load(Estimate) for hurry in (True, False))
    assert not [item for item in hurried.items if item.id in JUDGE_BATCH]
    for call, batch in (
        (CostItemId.JUDGE_INPUT, CostItemId.JUDGE_BATCH_INPUT),
        (CostItemId.JUDGE_OUTPUT, CostItemId.JUDGE_BATCH_OUTPUT),
    ):
        full, half, rest = hurried.find(call), unhurried.find(batch), unhurried.find(call)
        assert full and half and rest and full.usd and half.usd
        assert half.usd == pytest.approx(full.usd / 2)
        assert rest.quantity == 0
        assert rest.at_most_usd and half.at_most_usd and full.at_most_usd
        assert rest.at_most_usd + half.at_most_usd < full.at_most_usd
    assert set(JUDGE_BATCH) <= set(METERED)
