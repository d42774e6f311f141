"""What the run used, at the estimate's prices."""

import json
from typing import Any

import pytest

from tests.unit.reporting.sample import artifacts
from tuner.artifacts.estimate import Limits
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Bill, CostItem, Estimate, Question, Report, Serving, Training
from tuner.core.artifact_keys import Keys
from tuner.costs.cost_inputs import Counted, Plan, Questions
from tuner.costs.estimate import estimate
from tuner.costs.overhead import NAMES
from tuner.reporting.collect.bill import Usage, bill


def used(report: Report, **changes: object) -> dict[str, float | None]:
    made = report.model_copy(update=changes)
    found = bill(made.estimate, Usage(made.training, made.serving, made.questions))
    assert found
    return {item.name: item.quantity for item in found.items}


def test_what_was_used_is_priced_as_estimated(report: Report) -> None:
    found = report.bill
    assert isinstance(found, Bill)
    assert {item.name: item.usd for item in found.items} == {
        "Training": pytest.approx(0.04605),
        "Provisioned throughput": pytest.approx(108.15),
        "Judge": None,
    }
    assert (found.total_usd, found.unknown) == (pytest.approx(108.19605), ("Judge",))


def test_early_stopping_trains_fewer_tokens(report: Report) -> None:
    training = report.training.model_copy(update={"epochs_run": 2})
    assert used(report, training=training)["Training"] == pytest.approx(46_050 * 2 / 5)


def test_what_is_begun_of_an_hour_is_counted_whole(report: Report) -> None:
    serving = report.serving.model_copy(update={"paid_seconds": 3601.0, "model_units": 2})
    assert used(report, serving=serving)["Provisioned throughput"] == 4


def test_a_term_is_paid_in_full(report: Report) -> None:
    serving = report.serving.model_copy(update={"commitment": "OneMonth"})
    assert used(report, serving=serving)["Provisioned throughput"] == 1


def test_nothing_used_is_no_bill(report: Report) -> None:
    assert bill(report.estimate, Usage()) is None
    assert bill(None, Usage(report.training, report.serving, report.questions)) is None


def real(serving: str, **settings: object) -> Estimate:
    document = json.loads(artifacts()[Keys.MANIFEST])
    document["settings"].update(serving=serving, **settings)
    counted = Counted(9_210, Questions(count=8, question_tokens=80, reference_tokens=400))
    made = estimate(Plan.of(Manifest.model_validate(document)), counted, Limits(budget_usd=500))
    return Estimate.model_validate(made.model_dump())


def test_an_adopted_model_was_paid_for_by_another_run() -> None:
    items = billed(real("on_demand"), "on_demand", adopted_from="faq-ba9876543210")
    assert (items["Training"].usd, items["Custom model storage"].usd) == (0, 0)


def billed(made: Estimate, serving: str, **usage: Any) -> dict[str, CostItem]:
    answer = {"answer": "a", "input_tokens": 10, "output_tokens": 20}
    question = Question.model_validate({"id": "1", "question": "q", "base": answer, "tuned": answer})
    adopted_from = usage.pop("adopted_from", None)
    training = Training(custom_model_arn="arn", epochs_asked=5, epochs_run=5, adopted_from=adopted_from)
    endpoint = Serving(kind=serving, paid_seconds=60, model_units=1, kept_until=usage.pop("kept_until", None))
    judge = {"asked": 16, "input_tokens": 900, "output_tokens": 70}
    found = bill(made, Usage(training, endpoint, (question,), judge, **usage))
    assert found
    return {item.name: item for item in found.items}


@pytest.mark.parametrize("serving", ["provisioned", "on_demand"])
def test_every_item_of_a_real_estimate_is_counted(serving: str) -> None:
    """The names are the estimate's own: should one change there, its use would be lost here."""
    items = billed(real(serving, keep_hours=2, commitment="OneMonth" if serving == "provisioned" else None), serving)
    assert {name for name, item in items.items() if item.quantity is None} == set()
    assert (items["Training"].quantity, items["Base model, answers"].quantity) == (5 * 9_210, 20)
    assert (items["Judge, reading"].quantity, items["Judge, verdicts"].quantity) == (900, 70)
    assert {name for name, item in items.items() if not item.counted} == set(NAMES)


def test_what_was_planned_and_did_not_come_about_costs_nothing() -> None:
    made = real("provisioned", keep_hours=2, commitment="OneMonth")
    items = billed(made, "provisioned")
    assert (items["Throughput kept afterwards"].usd, items["Commitment, OneMonth"].usd) == (0, 0)
    items = billed(made, "provisioned", kept_until="2026-11-23T12:00:00Z", bought=Serving(commitment="OneMonth"))
    assert (items["Throughput kept afterwards"].quantity, items["Commitment, OneMonth"].quantity) == (2, 730)


def test_a_judge_whose_tokens_nobody_counted_is_unknown(report: Report) -> None:
    made = real("provisioned")
    found = bill(made, Usage(report.training, report.serving, report.questions, {"asked": 16}))
    assert found
    assert {"Judge, reading", "Judge, verdicts"} <= set(found.unknown)
