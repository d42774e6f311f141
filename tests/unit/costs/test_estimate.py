"""An estimate names what it does not know, and never counts it as nothing."""

import json
from collections.abc import Sequence
from typing import Any, get_args

import pytest

from tests.doubles import MemoryFolder, NoPrices, manifest
from tuner.artifacts.estimate import Estimate, Item, Limits
from tuner.core.artifact_keys import Keys
from tuner.core.errors import SettingsError
from tuner.costs.cost_inputs import Counted, Generation, Plan, Questions, count_questions
from tuner.costs.current_prices import NoCache
from tuner.costs.estimate import estimate
from tuner.costs.overhead import NAMES
from tuner.costs.prices import UNITS, PriceList, price, price_list, prices
from tuner.costs.write_estimate import write_estimate
from tuner.settings import DeploymentSettings, deployment_settings
from tuner.settings.prices import GivenPrice, Priced

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
QUESTIONS = Questions(count=8, question_tokens=100, reference_tokens=400)


def made(
    base_model: str = HAIKU,
    budget: float = 500,
    questions: Questions = QUESTIONS,
    approval: float | None = None,
    ask: bool = False,
    generation: Generation | None = None,
    prices: Sequence[GivenPrice] = (),
    **settings: Any,
) -> Estimate:
    limits = Limits(budget_usd=budget, approval_usd=approval, ask_when_unknown=ask)
    counted = Counted(9000, questions, 30_000, generation)
    return estimate(Plan.of(manifest(base_model, **settings)), counted, limits, price_list(prices))


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


def test_a_commitment_is_paid_for_its_whole_term_beside_the_evaluations_hour() -> None:
    found = made(commitment="SixMonths")
    six_months = item(found, "Commitment, SixMonths")
    assert six_months.quantity == 6 * 730
    assert six_months.usd == pytest.approx(6 * 48_180, rel=0.01)
    assert item(found, "Provisioned throughput").usd == 132
    assert item(made(commitment="OneMonth"), "Commitment, OneMonth").usd is None


def test_hours_for_which_the_endpoint_is_kept_are_paid_too() -> None:
    assert item(made(keep_hours=3, model_units=2), "Throughput kept afterwards").usd == 6 * 132


def test_a_run_that_serves_nothing_pays_for_no_answers() -> None:
    assert [entry.name for entry in made(serving="none").items] == ["Training", "Custom model storage", *NAMES]


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
    summary = json.dumps({"training_tokens": 9000, "training_records": 10}).encode()
    folder = MemoryFolder(files={Keys.EVALUATION: records, Keys.DATASET_SUMMARY: summary})
    deployment = DeploymentSettings(budget_usd=ceiling, approval_usd=7)
    write_estimate(folder, manifest(budget_usd=own), deployment, NoPrices(), NoCache())
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


def test_a_conversation_is_asked_with_all_its_turns() -> None:
    turns = [{"role": "user", "text": "abc"}, {"role": "assistant", "text": "abc"}, {"role": "user", "text": "abc"}]
    record = {"question": "user: abc ...", "messages": turns, "reference": "a"}
    assert count_questions([record], None, 3).question_tokens == 3


def test_generated_data_is_an_item_at_the_price_of_the_model_that_read() -> None:
    judge = "us.anthropic.claude-sonnet-4-6"
    found = made(generation=Generation(judge, 1_000_000, 2000, most=True))
    assert item(found, "Generation, reading").usd == pytest.approx(3.3)
    assert item(found, "Generation, writing").usd == pytest.approx(2000 * 1.65e-5)
    assert "Generation, reading" not in [entry.name for entry in made().items]
    refused = made(budget=1, generation=Generation(judge, 1000, 2000))
    assert "Nothing has been spent on training or serving." in refused.reason, "the generation is paid for"


def test_the_small_change_is_small_and_known() -> None:
    items = [entry for entry in made().items if entry.name in NAMES]
    assert len(items) == len(NAMES)
    assert 0 < sum(entry.usd or 0 for entry in items) < 0.05


def test_the_deployments_prices_go_before_the_packaged_ones() -> None:
    given = [
        GivenPrice(item="training", model="anthropic.claude-3-haiku-20240307-v1:0", usd=2e-6, source="my contract"),
        GivenPrice(item="throughput", term="hourly", usd=1, source="any model"),
    ]
    found = made(prices=given)
    assert item(found, "Training").usd == pytest.approx(18_000 * 2e-6)
    assert item(found, "Training").source == "deployment's settings: my contract"
    assert item(found, "Provisioned throughput").usd == 132, "a model's own price goes before one for any model"
    assert "Training" not in found.unknown


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "throughput", "usd": 1, "source": "s"},
        {"item": "training", "term": "hourly", "usd": 1, "source": "s"},
        {"item": "training", "usd": -1, "source": "s"},
        {"item": "training", "usd": 1, "source": ""},
        {"item": "coffee", "usd": 1, "source": "s"},
    ],
)
def test_a_price_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        deployment_settings({"prices": [wrong]})


def test_prices_can_be_given_on_the_command_line() -> None:
    given = deployment_settings({"prices": '[{"item": "storage", "usd": 3, "source": "s"}]'}).prices
    assert price_list(given).find("storage").usd == 3  # type: ignore[union-attr]


def test_the_packaged_list_knows_each_price_once() -> None:
    keys = [(entry.item, entry.model, entry.term) for entry in prices()]
    assert len(keys) == len(set(keys))
    assert PriceList(()).find("storage") is None


def test_every_item_of_the_list_says_what_its_unit_is() -> None:
    assert set(UNITS) == set(get_args(Priced)) == {entry.item for entry in prices()}
