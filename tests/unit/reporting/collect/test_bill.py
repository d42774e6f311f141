"""The bill: what the run used, at the prices of its estimate."""

import json
from typing import Any

import pytest

from tests.unit.reporting.sample import artifacts, guard_of
from tuner.artifacts.costs.cost_items import JUDGE_BATCH, NOT_MEASURED, OVERHEAD, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate, SpendingLimits
from tuner.artifacts.evaluation.metric_details import JudgeDetails, OneJudge
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Answer, Bill, Question, Report, ServingEndpoint
from tuner.artifacts.report.evaluation import ScoredAnswer
from tuner.artifacts.training import CandidateResult, TrainingSummary
from tuner.core.artifact_keys import Keys
from tuner.costs.cost_inputs import CostInputs, Plan, QuestionTokens
from tuner.costs.estimate import estimate, priced_as
from tuner.costs.prices.price_list import price_list
from tuner.reporting.collect.bill import Usage, bill


def endpoint_of(kind: str = "provisioned", **members: Any) -> ServingEndpoint:
    times = {"created_at": "2026-11-23T08:00:00Z", "paid_seconds": 60}
    return ServingEndpoint.model_validate({"kind": kind, "arn": "a", "name": "n", "model_units": 1, **times, **members})


def used(report: Report, **changes: object) -> dict[CostItemId, float | None]:
    made = report.model_copy(update=changes)
    found = bill(made.estimate, Usage(made.training, made.serving, made.questions))
    assert found
    return {item.id: item.quantity for item in found.items}


def test_used_quantities_have_the_prices_of_the_estimate(report: Report) -> None:
    found = report.bill
    assert isinstance(found, Bill)
    assert {item.id: item.usd for item in found.items} == {
        CostItemId.TRAINING: pytest.approx(0.04605),
        CostItemId.THROUGHPUT: pytest.approx(108.15),
        CostItemId.OTHER: None,
    }
    assert (found.total_usd, found.unknown) == (pytest.approx(108.19605), ("Judge",))


def test_early_stopping_trains_fewer_tokens(report: Report) -> None:
    assert report.training
    training = report.training.model_copy(update={"epochs_run": 2})
    assert used(report, training=training)[CostItemId.TRAINING] == pytest.approx(46_050 * 2 / 5)


def test_begun_hours_count_whole(report: Report) -> None:
    assert report.serving
    serving = report.serving.model_copy(update={"paid_seconds": 3601.0, "model_units": 2})
    assert used(report, serving=serving)[CostItemId.THROUGHPUT] == 4


def test_a_commitment_is_paid_in_full(report: Report) -> None:
    assert report.serving
    serving = report.serving.model_copy(update={"commitment": "OneMonth"})
    assert used(report, serving=serving)[CostItemId.THROUGHPUT] == 1


def test_without_an_estimate_there_is_no_bill(report: Report) -> None:
    assert bill(None, Usage(report.training, report.serving, report.questions)) is None


def real(serving: str, **settings: object) -> Estimate:
    document = json.loads(artifacts()[Keys.MANIFEST])
    document["settings"].update(serving=serving, **settings)
    inputs = CostInputs(9_210, QuestionTokens(count=8, question_tokens=80, reference_tokens=400))
    return estimate(Plan.of(Manifest.model_validate(document)), inputs, SpendingLimits(budget_usd=500))


def test_an_adopted_model_was_paid_for_by_another_run() -> None:
    items = billed(real("on_demand"), "on_demand", adopted_from="faq-ba9876543210")
    assert (items[CostItemId.TRAINING].usd, items[CostItemId.CUSTOM_MODEL_STORAGE].usd) == (0, 0)


def billed(made: Estimate, serving: str, **usage: Any) -> dict[CostItemId, CostItem]:
    answer = {"answer": "a", "input_tokens": 10, "output_tokens": 20}
    question = Question.model_validate({"id": "1", "question": "q", "base": answer, "tuned": answer})
    adopted_from = usage.pop("adopted_from", None)
    training = TrainingSummary(custom_model_arn="arn", epochs_asked=5, epochs_run=5, adopted_from=adopted_from)
    endpoint = endpoint_of(serving, kept_until=usage.pop("kept_until", None))
    judge = JudgeDetails(model="judge", name="Judge", asked=16, input_tokens=900, output_tokens=70)
    found = bill(made, Usage(training, endpoint, (question,), judge, **usage))
    assert found
    return {item.id: item for item in found.items}


@pytest.mark.parametrize("serving", ["provisioned", "on_demand"])
def test_every_item_of_a_real_estimate_is_counted(serving: str) -> None:
    items = billed(real(serving, keep_hours=2, commitment="OneMonth" if serving == "provisioned" else None), serving)
    assert {id_ for id_, item in items.items() if item.quantity is None} == set()
    assert (items[CostItemId.TRAINING].quantity, items[CostItemId.BASE_MODEL_OUTPUT].quantity) == (5 * 9_210, 20)
    assert (items[CostItemId.JUDGE_INPUT].quantity, items[CostItemId.JUDGE_OUTPUT].quantity) == (900, 70)
    assert {id_ for id_, item in items.items() if not item.counted} == OVERHEAD | {CostItemId.JUDGE_TEST}


def test_guard_answers_are_billed_like_other_answers() -> None:
    without, found = (
        billed(real("on_demand"), "on_demand", guard=guard) for guard in ((), guard_of(lost=False).questions)
    )
    for item, tokens in ((CostItemId.BASE_MODEL_INPUT, 40 * 20), (CostItemId.TUNED_MODEL_OUTPUT, 40 * 5)):
        assert (found[item].quantity or 0) - (without[item].quantity or 0) == tokens


def test_further_answers_to_a_question_are_billed() -> None:
    answer = Answer(answer="a", input_tokens=7, output_tokens=5)
    several = answer.model_copy(update={"further": (ScoredAnswer(input_tokens=7, output_tokens=6),)})
    asked = (Question(id="1", question="q", base=answer, tuned=several),)
    found = bill(real("on_demand"), Usage(questions=asked))
    assert found
    used = {entry.id: entry.quantity for entry in found.items}
    assert (used[CostItemId.BASE_MODEL_OUTPUT], used[CostItemId.TUNED_MODEL_OUTPUT]) == (5, 11)
    assert used[CostItemId.TUNED_MODEL_INPUT] == 14


def test_planned_items_that_were_not_bought_cost_nothing() -> None:
    made = real("provisioned", keep_hours=2, commitment="OneMonth")
    items = billed(made, "provisioned")
    assert (items[CostItemId.KEPT_THROUGHPUT].usd, items[CostItemId.ONE_MONTH_COMMITMENT].usd) == (0, 0)
    items = billed(made, "provisioned", kept_until="2026-11-23T12:00:00Z", bought=endpoint_of(commitment="OneMonth"))
    assert (items[CostItemId.KEPT_THROUGHPUT].quantity, items[CostItemId.ONE_MONTH_COMMITMENT].quantity) == (2, 730)


def test_each_of_several_judges_is_billed_at_its_own_price() -> None:
    models = ("us.anthropic.claude-sonnet-4-6", "us.amazon.nova-pro-v1:0")
    made = real("on_demand", judge={"models": models})
    each = tuple(
        OneJudge(model=model, name=model, input_tokens=900 * place, output_tokens=70 * place)
        for place, model in enumerate(models, 1)
    )
    judge = JudgeDetails(model=", ".join(models), name="both", input_tokens=2700, output_tokens=210, each=each)
    question = Question.model_validate({"id": "1", "question": "q", "base": {"answer": "a"}})
    found = bill(made, Usage(questions=(question,), judge=judge))
    assert found
    items = {(item.id, item.model): item for item in found.items}
    for place, model in enumerate(models, 1):
        read, written = items[CostItemId.JUDGE_INPUT, model], items[CostItemId.JUDGE_OUTPUT, model]
        assert (read.quantity, written.quantity) == (900 * place, 70 * place)
        price = price_list().find("input", priced_as(model))
        assert price
        assert read.usd == 900 * place * price.usd
    assert [item.name for item in found.items if item.id == CostItemId.JUDGE_INPUT] == [
        "Judge, reading (Claude Sonnet 4.6)",
        "Judge, reading (Nova Pro)",
    ]


def test_a_judge_without_counted_tokens_has_an_unknown_cost(report: Report) -> None:
    made = real("provisioned")
    found = bill(
        made, Usage(report.training, report.serving, report.questions, JudgeDetails(model="j", name="J", asked=16))
    )
    assert found
    assert {item.id for item in found.items if item.usd is None} >= {CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT}


def of_candidates(*members: dict[str, Any]) -> dict[CostItemId, float | None]:
    """What a run with these candidates used, of 10 epochs that were planned."""
    made = real("none").model_copy(update={"items": tuple(planned(item) for item in real("none").items)})
    each = {"base_model": "m", "hyperparameters": {}, "epochs_asked": 5, "job_arn": "arn", "epochs_run": 5}
    results = [
        CandidateResult.model_validate({"number": number, "job_name": "n", **each, **own})
        for number, own in enumerate(members, 1)
    ]
    found = bill(made, Usage(TrainingSummary(custom_model_arn="arn", candidates=tuple(results))))
    assert found
    return {item.id: item.quantity for item in found.items}


def planned(item: CostItem) -> CostItem:
    return item.model_copy(update={"quantity": 10_000}) if item.id == CostItemId.TRAINING else item


@pytest.mark.parametrize(
    ("first", "second", "tokens", "models"),
    [
        ({"custom_model_arn": "a"}, {"custom_model_arn": "b"}, 10_000, 2),
        ({"custom_model_arn": "a", "epochs_run": 2}, {"custom_model_arn": "b"}, 7_000, 2),
        ({"custom_model_arn": "a", "adopted_from": "faq"}, {"custom_model_arn": "b"}, 5_000, 1),
        ({"failure": "refused", "job_arn": None, "epochs_run": None}, {"custom_model_arn": "b"}, 5_000, 1),
        ({"failure": "failed", "epochs_run": None}, {"custom_model_arn": "b"}, None, 1),
    ],
    ids=["both trained", "stopped early", "adopted", "not started", "a failed job's use is unknown"],
)
def test_each_candidate_is_billed_for_what_it_trained(
    first: dict[str, Any], second: dict[str, Any], tokens: float | None, models: int
) -> None:
    used_ = of_candidates(first, second)
    assert (used_[CostItemId.TRAINING], used_[CostItemId.CUSTOM_MODEL_STORAGE]) == (tokens, models)


def test_candidates_of_each_base_model_are_billed_at_its_prices() -> None:
    names = ("amazon.nova-micro-v1:0:128k", "amazon.nova-pro-v1:0:300k")
    (training,) = [planned(item) for item in real("none").items if item.id == CostItemId.TRAINING]
    items = [
        training.model_copy(update={"model": name, "unit_price_usd": price})
        for name, price in zip(names, (0.001, 0.01), strict=True)
    ]
    each: dict[str, Any] = {"hyperparameters": {}, "job_name": "n", "job_arn": "arn", "epochs_asked": 5}
    candidates = tuple(
        CandidateResult(number=number, base_model=name, epochs_run=run, **each)
        for number, (name, run) in enumerate([(names[0], 5), (names[1], 2), (names[1], 4)], 1)
    )
    made = real("none").model_copy(update={"items": tuple(items)})
    found = bill(made, Usage(TrainingSummary(custom_model_arn="arn", candidates=candidates)))
    assert found
    assert [item.usd for item in found.items] == [pytest.approx(10.0), pytest.approx(10_000 * 0.01 * 6 / 10)]


def test_answers_of_a_batch_job_are_billed_at_its_price_and_those_of_calls_at_the_full_one() -> None:
    def item(kind: CostItemId, contestant: str | None = None) -> CostItem:
        return CostItem(id=kind, name="n", quantity=0, unit_price_usd=1, contestant=contestant)

    items = (item(CostItemId.BATCH_OUTPUT, "base"), item(CostItemId.BASE_MODEL_OUTPUT))
    more = ScoredAnswer(output_tokens=3, batch=True)
    first = Answer(answer="a", output_tokens=2, batch=True, further=(more,))
    asked = (Question(id="1", question="q", base=first), Question(id="2", question="q", base=Answer(output_tokens=7)))
    found = bill(Estimate(items=items, total_usd=0, budget_usd=1), Usage(questions=asked))
    assert found
    assert [each.quantity for each in found.items] == [5, 7]


def test_judgments_of_a_batch_job_are_billed_at_its_price_and_those_of_calls_at_the_full_one() -> None:
    kinds = (*sorted(JUDGE_BATCH), CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT)
    items = tuple(CostItem(id=kind, name="n", quantity=0, unit_price_usd=1) for kind in kinds)
    judge = JudgeDetails(
        model="j", name="J", input_tokens=900, output_tokens=70, batch_input_tokens=800, batch_output_tokens=60
    )
    asked = (Question(id="1", question="q", base=Answer(answer="a")),)
    found = bill(Estimate(items=items, total_usd=0, budget_usd=1), Usage(questions=asked, judge=judge))
    assert found
    assert [each.quantity for each in found.items] == [800, 60, 100, 10]


def test_a_run_that_started_no_training_used_none() -> None:
    answer = {"answer": "a", "input_tokens": 10, "output_tokens": 20}
    asked = (Question.model_validate({"id": "1", "question": "q", "base": answer}),)
    for started, expected in ((False, ((), 0)), (True, (("Training",), None))):
        found = bill(real("on_demand"), Usage(questions=asked, started_training=started))
        assert found
        training = next(item for item in found.items if item.id == CostItemId.TRAINING)
        assert (found.not_measured, training.usd) == expected


@pytest.mark.parametrize("started", [False, True])
def test_a_run_that_failed_before_its_first_answer_has_a_bill(started: bool) -> None:
    found = bill(real("on_demand"), Usage(started_training=started, has_scores=False))
    assert found
    used = {item.id: item.usd for item in found.items if item.usd}
    assert used.keys() <= NOT_MEASURED - {CostItemId.SCORER_CALLS}, "nothing that is measured was used"
    assert found.not_measured == (("Training",) if started else ())


def test_the_cost_in_words_tells_what_was_not_measured_from_what_has_no_price() -> None:
    whole = Bill(total_usd=3.791, at_most_usd=3.7912)
    assert whole.sentence == "$3.79"
    assert Bill(total_usd=0.012).sentence == "$0.01", "of a version without an upper limit"
    partly = Bill(total_usd=0.0101, at_most_usd=0.0601, unknown=("Training", "Judge"), not_measured=("Training",))
    assert partly.sentence == ("$0.01 measured, at most $0.07; not measured: Training; without a known price: Judge")
