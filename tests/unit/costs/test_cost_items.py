"""Cost items are compared by their ids. Labels are for people: no sum depends on them."""

import json

import pytest

from tests.doubles import manifest
from tuner.artifacts.costs.cost_items import LABELS, OVERHEAD, TESTS, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate, SpendingLimits
from tuner.artifacts.evaluation.metric_details import JudgeDetails
from tuner.artifacts.report import Question, ServingEndpoint
from tuner.artifacts.training import TrainingSummary
from tuner.cli.progress.cost_so_far import cost_so_far
from tuner.cli.progress.paid_window import PaidWindow
from tuner.cli.progress.training import STEP
from tuner.costs.cost_inputs import CostInputs, GenerationTokens, Plan, QuestionTokens
from tuner.costs.estimate import estimate
from tuner.costs.spending_decision import spending_decision
from tuner.reporting.collect.bill import Usage, bill

INPUTS = CostInputs(9_210, QuestionTokens(8, 80, 400), 30_000, GenerationTokens("amazon.nova-pro-v1:0", 100, 200))
ENDPOINT = {"arn": "arn", "name": "name", "created_at": "2026-11-23T08:00:00Z", "model_units": 1, "paid_seconds": 60}
STATES = ("Generate validation data", "Answer with the base model", STEP, "Summarize the training", "Score the answers")


def estimated(serving: str) -> Estimate:
    commitment = "OneMonth" if serving == "provisioned" else None
    plan = Plan.of(manifest("amazon.nova-2-lite-v1:0:256k", serving=serving, keep_hours=2, commitment=commitment))
    return estimate(plan, INPUTS, SpendingLimits(budget_usd=500))


def sums(serving: str) -> list[object]:
    """Every calculation that reads the items of an estimate."""
    made = estimated(serving)
    answer = {"answer": "a", "input_tokens": 10, "output_tokens": 20}
    question = Question.model_validate({"id": "1", "question": "q", "base": answer, "tuned": answer})
    training = TrainingSummary(custom_model_arn="arn", epochs_asked=2, epochs_run=1)
    endpoint = ServingEndpoint.model_validate(ENDPOINT | {"kind": serving})
    judge = JudgeDetails(model="judge", name="Judge", asked=16, input_tokens=9, output_tokens=7)
    found = bill(made, Usage(training, endpoint, (question,), judge))
    assert found
    window = PaidWindow("provisioned", "2026-11-23T08:00:00Z", "2026-11-23T08:30:00Z", 20.0)
    so_far = cost_so_far(made, dict.fromkeys(STATES, "done"), None, window)
    return [made.total_usd, spending_decision(made), found.total_usd, [item.usd for item in found.items], so_far]


@pytest.mark.parametrize("serving", ["provisioned", "on_demand"])
def test_renaming_every_label_changes_no_sum(serving: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sums(serving)
    for number, item in enumerate(LABELS):
        monkeypatch.setitem(LABELS, item, f"Label {number}")
    assert sums(serving) == before
    assert all(item.name.startswith("Label ") for item in estimated(serving).items)


def test_every_item_has_a_label_of_its_own() -> None:
    assert set(LABELS) == set(CostItemId)
    assert len(set(LABELS.values())) == len(LABELS)


def test_an_estimate_of_release_0_1_0_without_ids_is_read() -> None:
    made = estimated("provisioned")
    made = made.model_copy(update={"items": tuple(item for item in made.items if item.id not in TESTS)})
    document = json.loads(made.to_json())
    for item in document["items"]:
        del item["id"], item["counted"]
        item["name"] = item["name"].replace("Judge, grades", "Judge, verdicts")
    read = Estimate.model_validate_json(json.dumps(document))
    assert [item.id for item in read.items] == [item.id for item in made.items]
    assert read.total_usd == made.total_usd


@pytest.mark.parametrize("written", [{"id": "cost_of_a_later_version", "name": "New"}, {"name": "New"}, {"name": ""}])
def test_an_item_of_another_version_keeps_its_label(written: dict[str, str]) -> None:
    read = CostItem.model_validate(written)
    assert (read.id, read.name) == (CostItemId.OTHER, written["name"])


def test_overhead_is_the_cost_of_the_pipeline_itself() -> None:
    assert {item.value.split("_")[0] for item in OVERHEAD} == {"lambda", "step", "s3"}
