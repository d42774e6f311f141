"""An estimate names what it does not know, and never counts it as nothing."""

import json
from typing import Any

import pytest

from tests.doubles import MemoryFolder, manifest
from tuner.costs.estimate import Questions, count_questions, estimate
from tuner.costs.model import Estimate, Item, Limits
from tuner.costs.prices import price, prices
from tuner.costs.step import write_estimate
from tuner.run import Keys
from tuner.settings import DeploymentSettings

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
QUESTIONS = Questions(count=8, question_tokens=100, reference_tokens=400)


def made(
    base_model: str = HAIKU,
    budget: float = 500,
    questions: Questions = QUESTIONS,
    approval: float | None = None,
    ask: bool = False,
    **settings: Any,
) -> Estimate:
    limits = Limits(budget_usd=budget, approval_usd=approval, ask_when_unknown=ask)
    return estimate(manifest(base_model, **settings), training_tokens=9000, questions=questions, limits=limits)


def item(found: Estimate, name: str) -> Item:
    return next(entry for entry in found.items if entry.name == name)


def test_every_price_says_where_it_is_from_and_when_it_was_read() -> None:
    assert all(entry.source and entry.read.year >= 2025 and entry.usd > 0 for entry in prices())


def test_an_unknown_price_is_named_and_has_no_amount() -> None:
    found = made()
    training = item(found, "Training")
    assert (training.unit_price_usd, training.usd, training.source) == (None, None, "unknown")
    assert "Training" in found.unknown
    assert "Unknown, and not counted: Training" in found.reason


def test_the_total_is_the_sum_of_what_is_known() -> None:
    found = made()
    assert found.total_usd == pytest.approx(sum(entry.usd for entry in found.items if entry.usd is not None))
    assert found.total_usd > 132


def test_training_is_counted_for_every_epoch() -> None:
    assert item(made(hyperparameters={"epochCount": 3}), "Training").quantity == 27_000


def test_throughput_is_paid_by_the_begun_hour_and_the_model_unit() -> None:
    assert item(made(), "Provisioned throughput").usd == 132
    assert item(made(model_units=2), "Provisioned throughput").usd == 264
    many = Questions(count=500, question_tokens=1, reference_tokens=1)
    assert item(made(questions=many), "Provisioned throughput").quantity == 2


def test_a_commitment_is_paid_for_its_whole_term() -> None:
    six_months = item(made(commitment="SixMonths"), "Provisioned throughput")
    assert six_months.quantity == 6 * 730
    assert six_months.usd == pytest.approx(6 * 48_180, rel=0.01)
    assert item(made(commitment="OneMonth"), "Provisioned throughput").usd is None


def test_a_run_that_serves_nothing_pays_for_no_answers() -> None:
    assert [entry.name for entry in made(serving="none").items] == ["Training", "Custom model storage"]


def test_on_demand_buys_no_throughput_and_says_what_its_tokens_are() -> None:
    found = made("amazon.nova-micro-v1:0:128k", serving="on_demand")
    assert "Provisioned throughput" not in [entry.name for entry in found.items]
    assert item(found, "Tuned model, questions").quantity == 100


def test_the_base_models_tokens_are_priced_by_the_id_that_is_invoked() -> None:
    found = made("amazon.nova-micro-v1:0:128k", inference={"max_tokens": 100})
    answers = item(found, "Base model, answers")
    known = price("output", "amazon.nova-micro-v1:0")
    assert known
    assert answers.usd == pytest.approx(8 * 100 * known.usd)


def test_over_the_budget_says_by_how_much_and_what_to_do() -> None:
    found = made(budget=100)
    assert found.decision == "refuse"
    assert f"${found.total_usd - 100:,.2f} over its budget of $100.00" in found.reason
    assert "Nothing has been spent" in found.reason
    assert made(budget=1000).decision == "proceed"


@pytest.mark.parametrize(("own", "ceiling", "counts"), [(None, 500, 500), (50, 500, 50), (400, 300, 300)])
def test_the_lower_budget_counts_and_the_estimate_is_written(own: float | None, ceiling: float, counts: float) -> None:
    records = b'{"id": "1", "question": "abcdef", "reference": "abc"}\n'
    summary = json.dumps({"training_tokens": 9000}).encode()
    folder = MemoryFolder(files={Keys.EVALUATION: records, Keys.DATASET_SUMMARY: summary})
    write_estimate(folder, manifest(budget_usd=own), DeploymentSettings(budget_usd=ceiling, approval_usd=7))
    written = folder.read_json(Keys.ESTIMATE)
    assert written["budget_usd"] == counts
    assert (written["approval_usd"], written["ask_when_unknown"]) == (7, True)
    assert Estimate.model_validate(written).total_usd == written["total_usd"]


def test_between_the_threshold_and_the_budget_a_person_is_asked() -> None:
    found = made(approval=100)
    assert found.decision == "approve"
    assert "but more than the $100.00 that need nobody's approval" in found.reason
    assert made(approval=None).decision == "proceed"
    assert made(approval=found.total_usd).decision == "proceed"
    assert made(approval=10, budget=20).decision == "refuse"


def test_a_person_is_asked_when_a_price_is_unknown_unless_nobody_is_to_be_asked() -> None:
    found = made(approval=400, ask=True)
    assert found.decision == "approve"
    assert "not every price is. Unknown, and not counted: " in found.reason
    assert made(approval=400, ask=False).decision == "proceed"
    assert made(approval=None, ask=True).decision == "proceed"


def test_questions_are_counted_in_the_familys_tokens_with_their_system_prompt() -> None:
    records = [{"question": "abc", "reference": "abcdef"}, {"question": "abc", "system": "abc", "reference": "a"}]
    assert count_questions(records, None, 3) == Questions(count=2, question_tokens=3, reference_tokens=3)
    assert count_questions(records, "abcdef", 3).question_tokens == 5
