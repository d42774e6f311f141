"""A run that is not in a hurry: models are asked in batch jobs, and judges too, at half the price of calls."""

import json

import pytest

from tests.e2e.pipeline import small_dataset, until
from tuner.artifacts.costs.cost_items import BATCH, JUDGE_BATCH, OVERHEAD, CostItemId
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.core.artifact_keys import Keys
from tuner.costs.prices.price_list import price

pytestmark = pytest.mark.e2e
_SETTINGS = """\
base_model: amazon.nova-micro-v1:0:128k
serving: on_demand
hurry: false
"""
_QUESTIONS = 3
# The contestants, and the models that answer for them.
_ASKED = {"base": "amazon.nova-micro-v1:0", "nova-pro": "amazon.nova-pro-v1:0"}


def lines(pipeline, run, name):
    return [json.loads(line) for line in pipeline.artifact(run, name).splitlines()]


@pytest.fixture
def run_unhurried(pipeline):
    """Drops a dataset with these settings. Returns the ended run, and what the local Bedrock charged for it."""
    until(lambda: all(each["status"] != "RUNNING" for each in pipeline.executions()), "the end of all other runs")
    earlier = len(pipeline.local_bedrock("GET", "charges"))
    least = pipeline.local_bedrock("GET", "settings")["batch_minimum_records"]

    def ended(dataset, settings):
        questions = [{"question": f"What is thing {at}?", "answer": f"Thing {at}."} for at in range(_QUESTIONS)]
        files = small_dataset(_SETTINGS + settings) | {"evaluation.json": json.dumps(questions).encode()}
        # The untrained network answers nothing at temperature 0.
        files["run.yaml"] = files["run.yaml"].replace(b"max_tokens: 16}", b"max_tokens: 16, temperature: 1}")
        pipeline.change_bedrock(batch_minimum_records=_QUESTIONS)
        pipeline.drop(dataset, files)
        run = pipeline.run_of(dataset)
        execution = pipeline.finished(run)
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
        return run, pipeline.local_bedrock("GET", "charges")[earlier:]

    yield ended
    pipeline.change_bedrock(batch_minimum_records=least)


def items(artifact):
    """The items of an estimate or a bill but for those of the pipeline itself, by id and contestant."""
    return {(each["id"], each["contestant"]): each for each in artifact["items"] if each["id"] not in OVERHEAD}


@pytest.mark.thorough
def test_batch_jobs_answer_for_the_base_model_and_a_compared_one_at_half_the_price(pipeline, run_unhurried):
    run, charges = run_unhurried(
        "unhurried",
        "compare_with: [base, amazon.nova-pro-v1:0]\nevaluation: {metrics: [rouge], guard: 0}\n",
    )

    jobs = pipeline.client("bedrock").list_model_invocation_jobs()["invocationJobSummaries"]
    of_the_run = [job for job in jobs if run in job["jobName"]]
    assert sorted(job["modelId"] for job in of_the_run) == sorted(_ASKED.values())
    assert {job["status"] for job in jobs} == {"Completed"}, "no job is in progress"
    assert "Check the batch jobs" in pipeline.states(run)
    for name in _ASKED:
        answers = lines(pipeline, run, f"answers/{name}/00000.jsonl")
        assert [(answer["batch"], answer["error"]) for answer in answers] == [(True, None)] * _QUESTIONS
    assert not any(answer.get("batch") for answer in lines(pipeline, run, "answers/tuned/00000.jsonl"))

    in_batch = [charge for charge in charges if charge["item"].startswith("batch_")]
    # The preflight tests the compared model and the judge with a call each. No other call is at the full price.
    assert [charge["item"] for charge in charges if charge["item"] in ("input", "output")] == ["input", "output"] * 2
    assert len(in_batch) == 2 * _QUESTIONS * len(_ASKED), "an input and an output for each question"
    for charge in in_batch:
        of_a_call = price(charge["item"].removeprefix("batch_"), charge["base_model_id"])
        assert of_a_call and charge["unit_price_usd"] == pytest.approx(of_a_call.usd / 2)
    approved = items(json.loads(pipeline.artifact(run, Keys.ESTIMATE)))
    billed = items(pipeline.report(run)["bill"])
    for contestant, model in _ASKED.items():
        for item in BATCH:
            quantity = sum(
                each["quantity"] for each in in_batch if (each["item"], each["base_model_id"]) == (item, model)
            )
            assert 0 < quantity == billed[item, contestant]["quantity"] <= approved[item, contestant]["at_most"]
    assert sum(charge["usd"] for charge in charges) <= sum(item["at_most_usd"] for item in approved.values())
    assert pipeline.alive() == []


@pytest.mark.thorough
def test_a_batch_job_grades_the_answers_at_half_the_price_and_report_and_ledger_have_what_was_charged(
    pipeline, run_unhurried
):
    run, charges = run_unhurried("unhurried-judge", "evaluation: {metrics: [correctness], guard: 0}\n")
    judge = json.loads(pipeline.artifact(run, Keys.SCORES))["judge"]
    assert (judge["asked"], judge["missing"], judge["in_batch"]) == (2 * _QUESTIONS, 0, 2 * _QUESTIONS)
    jobs = pipeline.client("bedrock").list_model_invocation_jobs()["invocationJobSummaries"]
    of_the_run = [job["modelId"] for job in jobs if run in job["jobName"]]
    assert sorted(of_the_run) == sorted([_ASKED["base"], judge["model"]])
    states = pipeline.states(run)
    assert states.index("Release the throughput") < states.index("Start the judge's batch jobs")

    billed = items(pipeline.report(run)["bill"])
    approved = items(json.loads(pipeline.artifact(run, Keys.ESTIMATE)))
    for item in JUDGE_BATCH:
        of_it = [each for each in charges if each["item"] == item.removeprefix("judge_") and _is_of(judge, each)]
        of_a_call = price("input" if item == CostItemId.JUDGE_BATCH_INPUT else "output", judge["model"])
        assert of_a_call
        assert len(of_it) == 2 * _QUESTIONS
        assert [each["unit_price_usd"] for each in of_it] == [pytest.approx(of_a_call.usd / 2)] * len(of_it)
        quantity = sum(each["quantity"] for each in of_it)
        assert 0 < quantity == billed[item, None]["quantity"] <= approved[item, None]["at_most"]
    assert [each["item"] for each in charges if _is_of(judge, each) and not each["item"].startswith("batch_")] == [
        "input",
        "output",
    ], "no call but the test request of the preflight"

    ledger = LedgerTable(pipeline.outputs["StateTableName"], pipeline.client("dynamodb"))
    entry = until(lambda: (found := ledger.find(run)) and not found.is_open and found, "the run's end in the ledger")
    charged = sum(each["usd"] for each in charges)
    # The bill also has the pipeline itself: the report what it was expected to cost, the ledger what it can have cost.
    assert charged <= pipeline.report(run)["bill"]["total_usd"] <= entry.spent_usd <= entry.reserved_usd
    assert pipeline.alive() == []


def _is_of(judge, charge):
    return charge["base_model_id"] == judge["model"]
