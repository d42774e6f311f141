"""The estimate of a run: its items, its sum, and unknown prices, which are named and never counted as zero."""

from collections.abc import Sequence
from typing import Any, get_args

import pytest

from tests.doubles import MemoryFolder, NoPrices, manifest, stored_json
from tuner.artifacts.costs.cost_items import LABELS, OVERHEAD, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate, SpendingLimits
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion, Message
from tuner.artifacts.preflight import Preflight
from tuner.core.artifact_keys import Keys
from tuner.core.errors import SettingsError
from tuner.costs.cost_inputs import CostInputs, GenerationTokens, Plan, QuestionTokens, count_questions
from tuner.costs.estimate import estimate
from tuner.costs.judge_usage import MOST_PREFLIGHTS
from tuner.costs.prices.current_prices import NoCache
from tuner.costs.prices.price_list import UNITS, PriceList, price, price_list, prices
from tuner.costs.prices.usage_types import needed_prices
from tuner.costs.spending_decision import spending_decision, spending_reason
from tuner.costs.warnings import warnings
from tuner.costs.write_estimate import write_estimate
from tuner.settings import DeploymentSettings, deployment_settings
from tuner.settings.deployment.prices import GivenPrice, PricedItem

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
PLAN = Plan.of(manifest(compare_with=["amazon.nova-lite-v1:0"]))
MICRO = "amazon.nova-micro-v1:0:128k"
QUESTIONS = QuestionTokens(count=8, question_tokens=100, reference_tokens=400)


def made(
    base_model: str = HAIKU,
    budget: float = 500,
    questions: QuestionTokens = QUESTIONS,
    approval: float | None = None,
    ask: bool = False,
    generation: GenerationTokens | None = None,
    prices: Sequence[GivenPrice] = (),
    **settings: Any,
) -> Estimate:
    limits = SpendingLimits(budget_usd=budget, approval_usd=approval, ask_when_unknown=ask)
    inputs = CostInputs(9000, questions, 30_000, generation)
    return estimate(Plan.of(manifest(base_model, **settings)), inputs, limits, price_list(prices))


def item(found: Estimate, wanted: CostItemId) -> CostItem:
    entry = found.find(wanted)
    assert entry
    return entry


def test_every_packaged_price_has_a_source_and_a_date() -> None:
    assert all(entry.source and entry.read and entry.read.year >= 2025 and entry.usd > 0 for entry in prices())


def test_an_item_without_a_price_has_no_amount_and_is_named() -> None:
    found = made()
    training = item(found, CostItemId.TRAINING)
    assert (training.unit_price_usd, training.usd, training.source) == (None, None, "unknown")
    assert "Training" in found.unknown
    assert "Unknown, and not counted: Training" in spending_reason(found)


def test_the_total_is_the_sum_of_what_is_known() -> None:
    found = made()
    assert found.total_usd == pytest.approx(sum(entry.usd for entry in found.items if entry.usd is not None))
    assert found.total_usd > 132


def test_training_is_counted_for_every_epoch() -> None:
    assert item(made(hyperparameters={"epochCount": 3}), CostItemId.TRAINING).quantity == 27_000


def test_another_model_to_compare_with_has_its_own_prices_and_its_own_length_of_answers() -> None:
    micro, opus = "amazon.nova-micro-v1:0:128k", "us.anthropic.claude-opus-5-5"
    own = GivenPrice(item="output", model="anthropic.claude-opus-5-5", usd=0.5, source="contract")
    found = made(micro, prices=[own], compare_with=["amazon.nova-lite-v1:0", opus])
    read, written = (
        found.find(each, contestant="nova-lite") for each in (CostItemId.COMPARED_INPUT, CostItemId.COMPARED_OUTPUT)
    )
    assert read and written
    assert (read.unit_price_usd, written.unit_price_usd) == (6.0e-8, 2.4e-7)
    assert (written.quantity, read.name) == (8 * 512, "'nova-lite', questions")
    reasoning = found.find(CostItemId.COMPARED_OUTPUT, contestant="claude-opus-5-5")
    assert reasoning
    assert (reasoning.unit_price_usd, reasoning.quantity) == (0.5, 8 * (512 + 4096))
    wanted = {(each.item, each.model) for each in needed_prices([PLAN.model], PLAN.other_models, "us-east-1")}
    assert {("input", "amazon.nova-lite-v1:0"), ("output", "amazon.nova-lite-v1:0")} <= wanted


def test_stored_answers_of_an_earlier_run_cost_nothing_but_their_grades() -> None:
    with_best, without = made("amazon.nova-micro-v1:0:128k", compare_with=["best"]), made("amazon.nova-micro-v1:0:128k")
    assert with_best.find(CostItemId.COMPARED_INPUT, contestant="best") is None
    graded = [item(each, CostItemId.JUDGE_INPUT).quantity or 0 for each in (with_best, without)]
    assert graded[0] > graded[1]


def test_the_base_model_as_another_contestant_is_a_warning() -> None:
    plan = Plan.of(manifest(compare_with=[{"model": "amazon.nova-micro-v1:0", "name": "micro"}]))
    (found,) = warnings(plan, CostInputs(9000, QUESTIONS), 9, Preflight(), 25)
    assert "compare_with: 'micro' is the base model of the run" in found


def test_throughput_counts_begun_hours_and_model_units() -> None:
    assert item(made(), CostItemId.THROUGHPUT).usd == 132
    assert item(made(model_units=2), CostItemId.THROUGHPUT).usd == 264
    many = QuestionTokens(count=500, question_tokens=1, reference_tokens=1)
    assert item(made(questions=many), CostItemId.THROUGHPUT).quantity == 2


def test_the_time_of_the_looks_is_counted_for_a_run_that_may_stop_early() -> None:
    some = QuestionTokens(count=300, question_tokens=1, reference_tokens=1)  # 45 minutes until the last answer
    assert item(made(questions=some), CostItemId.THROUGHPUT).quantity == 1
    looked_at = made(questions=some, evaluation={"stop_early": True})
    assert item(looked_at, CostItemId.THROUGHPUT).quantity == 2


def test_every_answer_to_a_question_is_counted() -> None:
    """With three answers to each question, what is asked and graded costs three times as much."""
    nova, warm = "amazon.nova-micro-v1:0:128k", {"temperature": 0.7}
    once, thrice = (
        made(nova, serving="on_demand", inference=warm, evaluation={"samples": samples}) for samples in (1, 3)
    )
    for cost_item in (
        CostItemId.BASE_MODEL_INPUT,
        CostItemId.TUNED_MODEL_OUTPUT,
        CostItemId.JUDGE_INPUT,
        CostItemId.JUDGE_OUTPUT,
    ):
        for part in ("quantity", "at_most"):
            assert getattr(item(thrice, cost_item), part) == 3 * getattr(item(once, cost_item), part)
    assert item(thrice, CostItemId.TRAINING) == item(once, CostItemId.TRAINING)
    many = QuestionTokens(count=1_200, question_tokens=100, reference_tokens=400)
    hours = [
        item(made(questions=many, inference=warm, evaluation={"samples": n}), CostItemId.THROUGHPUT) for n in (1, 16)
    ]
    assert (hours[0].quantity or 0) < (hours[1].quantity or 0)


def test_a_commitment_counts_its_whole_term_in_addition_to_the_hourly_throughput() -> None:
    found = made(commitment="SixMonths")
    six_months = item(found, CostItemId.SIX_MONTHS_COMMITMENT)
    assert six_months.quantity == 6 * 730
    assert six_months.usd == pytest.approx(6 * 48_180, rel=0.01)
    assert item(found, CostItemId.THROUGHPUT).usd == 132
    assert item(made(commitment="OneMonth"), CostItemId.ONE_MONTH_COMMITMENT).usd is None


def test_kept_hours_are_an_item() -> None:
    assert item(made(keep_hours=3, model_units=2), CostItemId.KEPT_THROUGHPUT).usd == 6 * 132


def test_a_run_without_serving_has_no_items_for_answers() -> None:
    ids = [entry.id for entry in made(serving="none").items]
    assert ids[:2] == [CostItemId.TRAINING, CostItemId.CUSTOM_MODEL_STORAGE]
    assert set(ids[2:]) == OVERHEAD


def test_on_demand_serving_counts_tokens_and_no_throughput() -> None:
    found = made("amazon.nova-micro-v1:0:128k", serving="on_demand")
    assert found.find(CostItemId.THROUGHPUT) is None
    assert item(found, CostItemId.TUNED_MODEL_INPUT).quantity == 100


def test_base_model_tokens_use_the_price_of_the_id_for_invoking() -> None:
    found = made("amazon.nova-micro-v1:0:128k", inference={"max_tokens": 100})
    answers = item(found, CostItemId.BASE_MODEL_OUTPUT)
    known = price("output", "amazon.nova-micro-v1:0")
    assert known
    assert answers.usd == pytest.approx(8 * 100 * known.usd)


def test_an_estimate_over_the_budget_says_by_how_much_and_what_to_do() -> None:
    found = made(budget=100)
    assert spending_decision(found) == "refuse"
    assert f"${found.worst_case_usd - 100:,.2f} over its budget of $100.00" in spending_reason(found)
    assert "Nothing has been spent on training or serving." in spending_reason(found), "the judge has been asked"
    assert "'budget_usd'" in spending_reason(found)
    assert spending_decision(made(budget=1000)) == "proceed"


@pytest.mark.parametrize("cost_item", [each for each in CostItemId if each not in {*OVERHEAD, CostItemId.OTHER}])
def test_an_estimate_over_the_budget_names_the_largest_item_and_its_setting(cost_item: CostItemId) -> None:
    settings = {
        CostItemId.KEPT_THROUGHPUT: "'keep_hours'",
        CostItemId.TRAINING: "'hyperparameters.epochCount'",
        CostItemId.THROUGHPUT: "'serving: on_demand'",
        CostItemId.JUDGE_OUTPUT: "'judge.model'",
        CostItemId.GENERATION_OUTPUT: "'generate.count'",
        CostItemId.ONE_MONTH_COMMITMENT: "'commitment'",
        CostItemId.BASE_MODEL_OUTPUT: "'inference.max_tokens'",
        CostItemId.SCORER_CALLS: "'scorer.batch'",
    }
    large = CostItem(id=cost_item, name=LABELS[cost_item], usd=400)
    small = CostItem(id=CostItemId.LAMBDA_TIME, name="Lambda, time", usd=1)
    said = spending_reason(Estimate(items=(small, large), total_usd=401, budget_usd=100))
    assert f"{LABELS[cost_item]} costs most: $400.00." in said
    assert settings.get(cost_item, "'") in said
    assert ("keep_hours" in said) is (cost_item is CostItemId.KEPT_THROUGHPUT)


@pytest.mark.parametrize(("own", "ceiling", "counts"), [(None, 500, 500), (50, 500, 50), (400, 300, 300)])
def test_the_lower_budget_applies_and_the_estimate_is_written(own: float | None, ceiling: float, counts: float) -> None:
    records = b'{"id": "1", "question": "abcdef", "reference": "abc"}\n'
    summary = DatasetSummary(training_records=10, validation_records=2, training_tokens=9000).to_json()
    folder = MemoryFolder(files={Keys.EVALUATION: records, Keys.DATASET_SUMMARY: summary})
    deployment = DeploymentSettings(budget_usd=ceiling, approval_usd=7)
    write_estimate(folder, manifest(budget_usd=own), deployment, NoPrices(), NoCache())
    written = stored_json(folder, Keys.ESTIMATE)
    assert written["budget_usd"] == counts
    assert (written["approval_usd"], written["ask_when_unknown"]) == (7, True)
    assert Estimate.model_validate(written).total_usd == written["total_usd"]


def test_a_cost_between_approval_threshold_and_budget_needs_approval() -> None:
    found = made(approval=100)
    assert spending_decision(found) == "approve"
    assert "but more than the $100.00 that need no approval" in spending_reason(found)
    assert spending_decision(made(approval=None)) == "proceed"
    assert spending_decision(made(approval=found.worst_case_usd)) == "proceed"
    assert spending_decision(made(approval=10, budget=20)) == "refuse"


def test_an_unknown_price_needs_approval_unless_the_deployment_never_asks() -> None:
    found = made(approval=400, ask=True)
    assert spending_decision(found) == "approve"
    assert "some prices are unknown. Unknown, and not counted: " in spending_reason(found)
    assert spending_decision(made(approval=400, ask=False)) == "proceed"
    assert spending_decision(made(approval=None, ask=True)) == "proceed"


def test_question_tokens_include_the_system_prompt() -> None:
    records = [
        EvaluationQuestion(id="1", question="abc", reference="abcdef"),
        EvaluationQuestion(id="2", question="abc", system="abc", reference="a"),
    ]
    found = count_questions(records, None, 3)
    assert (found.count, found.question_tokens, found.reference_tokens) == (2, 3, 3)
    assert count_questions(records, "abcdef", 3).question_tokens == 5


def test_question_tokens_include_all_turns_of_a_conversation() -> None:
    turns = tuple(Message(role=role, text="abc") for role in ("user", "assistant", "user"))
    record = EvaluationQuestion(id="1", question="user: abc ...", messages=turns, reference="a")
    assert count_questions([record], None, 3).question_tokens == 3


def test_generated_data_uses_the_prices_of_the_generating_model() -> None:
    judge = "us.anthropic.claude-sonnet-4-6"
    found = made(generation=GenerationTokens(judge, 1_000_000, 2000, 3_000_000, 0))
    assert item(found, CostItemId.GENERATION_INPUT).usd == pytest.approx(3.3)
    assert item(found, CostItemId.GENERATION_INPUT).at_most_usd == pytest.approx(9.9)
    assert item(found, CostItemId.GENERATION_OUTPUT).usd == pytest.approx(2000 * 1.65e-5)
    assert made().find(CostItemId.GENERATION_INPUT) is None
    refused = made(budget=1, generation=GenerationTokens(judge, 1000, 2000))
    assert "Nothing has been spent on training or serving." in spending_reason(refused), "the generation is paid for"


def test_the_overhead_is_small_and_its_prices_are_known() -> None:
    items = [entry for entry in made().items if entry.id in OVERHEAD]
    assert len(items) == len(OVERHEAD)
    assert 0 < sum(entry.usd or 0 for entry in items) < 0.05


def test_the_deployments_prices_precede_the_packaged_prices() -> None:
    given = [
        GivenPrice(item="training", model="anthropic.claude-3-haiku-20240307-v1:0", usd=2e-6, source="my contract"),
        GivenPrice(item="throughput", term="hourly", usd=1, source="any model"),
    ]
    found = made(prices=given)
    assert item(found, CostItemId.TRAINING).usd == pytest.approx(18_000 * 2e-6)
    assert item(found, CostItemId.TRAINING).source == "deployment's settings: my contract"
    assert item(found, CostItemId.THROUGHPUT).usd == 132, "the model's own price precedes the price for any model"
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
def test_an_invalid_price_in_the_settings_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        deployment_settings({"prices": [wrong]})


def test_prices_can_be_given_on_the_command_line() -> None:
    given = deployment_settings({"prices": '[{"item": "storage", "usd": 3, "source": "s"}]'}).prices
    assert price_list(given).find("storage").usd == 3  # type: ignore[union-attr]


def test_the_packaged_list_has_each_price_once() -> None:
    keys = [(entry.item, entry.model, entry.term) for entry in prices()]
    assert len(keys) == len(set(keys))
    assert PriceList(()).find("storage") is None


def test_every_priced_item_has_a_unit() -> None:
    own = {"scorer_call"}  # only the deployment knows it
    assert set(UNITS) == set(get_args(PricedItem)) == {entry.item for entry in prices()} | own


def test_every_candidate_is_counted_with_its_epochs_and_its_model() -> None:
    candidates = [{"hyperparameters": {"epochCount": [1, 3, 5]}}]
    single, several = made(MICRO), made(MICRO, candidates=candidates)
    for of, epochs, models in ((single, 2, 1), (several, 1 + 3 + 5, 3)):
        training, storage = item(of, CostItemId.TRAINING), item(of, CostItemId.CUSTOM_MODEL_STORAGE)
        assert (training.quantity, storage.quantity) == (9000 * epochs, models)
        assert training.at_most_usd is not None
        assert training.at_most_usd >= 9000 * epochs * (training.unit_price_usd or 0) > 0
    assert several.total_usd > single.total_usd
    assert several.worst_case_usd > single.worst_case_usd


LITE, PRO = "amazon.nova-lite-v1:0:300k", "amazon.nova-pro-v1:0:300k"
BASE_MODELS: dict[str, Any] = {
    "candidates": [{"base_model": [MICRO, PRO, LITE]}, {"hyperparameters": {"epochCount": 3}}]
}
# Of each price, Nova Pro's is the highest.
PRICED = [
    GivenPrice(item=item, model=f"amazon.nova-{model}-v1:0", term=term, usd=usd, source="test")
    for model, usd in (("micro", 1e-6), ("pro", 3e-6), ("lite", 2e-6))
    for item, term in (
        *((each, None) for each in ("training", "storage", "input", "output", "custom_input", "custom_output")),
        ("throughput", "hourly"),
    )
]


@pytest.mark.parametrize("serving", ["none", "on_demand", "provisioned"])
def test_with_several_base_models_the_estimate_is_that_of_the_most_expensive_choice(serving: str) -> None:
    found = made(MICRO, serving=serving, prices=PRICED, **BASE_MODELS)
    assert list(found.choices) == [MICRO, PRO, LITE]
    assert found.worst_case_usd == max(each.at_most_usd or 0 for each in found.choices.values())
    if serving != "none":
        assert found.items == found.choices[PRO].items != found.choices[LITE].items
    for base_model, choice in found.choices.items():
        alone, of = made(base_model, serving=serving, prices=PRICED), found.of_choice(base_model)
        assert (of.items, of.rates, of.choices) == (choice.items, choice.rates, {})
        assert of.rates == alone.rates
        for each in (CostItemId.BASE_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT, CostItemId.THROUGHPUT):
            assert of.find(each) == alone.find(each), "served and asked at the prices of this base model"


def test_each_base_model_is_trained_and_stored_at_its_own_prices() -> None:
    found = made(MICRO, serving="on_demand", prices=PRICED, **BASE_MODELS)
    for base_model, epochs, models, usd in ((MICRO, 2 + 3, 2, 1e-6), (PRO, 2, 1, 3e-6), (LITE, 2, 1, 2e-6)):
        training = found.find(CostItemId.TRAINING, base_model)
        storage = found.find(CostItemId.CUSTOM_MODEL_STORAGE, base_model)
        tested = found.find(CostItemId.JUDGE_TEST, base_model)
        assert training and storage and tested
        assert (training.quantity, storage.quantity) == (9000 * epochs, models)
        assert training.unit_price_usd == storage.unit_price_usd == usd
        assert (tested.quantity, tested.at_most) == (3, 3 * MOST_PREFLIGHTS)
    keys = [each.key for each in found.items]
    assert len(keys) == len(set(keys))


def test_a_choice_with_an_unknown_price_may_be_the_most_expensive_one() -> None:
    known = [each for each in PRICED if (each.item, each.model) != ("throughput", "amazon.nova-micro-v1:0")]
    found = made(MICRO, serving="provisioned", prices=known, **BASE_MODELS)
    assert found.items == found.choices[MICRO].items
    assert found.unknown == ("Provisioned throughput",)
    assert CostItemId.THROUGHPUT in found.worst_case.unknown
    # What is known of it is less than what another choice can cost.
    known_of = {name: choice.at_most_usd or 0 for name, choice in found.choices.items()}
    assert found.worst_case_usd == max(known_of.values()) > known_of[MICRO]


def test_the_prices_of_all_base_models_are_asked_for() -> None:
    plan = Plan.of(manifest(MICRO, **BASE_MODELS))
    wanted = {(each.item, each.model) for each in needed_prices(plan.base_models, (), "us-east-1")}
    assert {("training", f"amazon.nova-{name}-v1:0") for name in ("micro", "pro", "lite")} <= wanted
