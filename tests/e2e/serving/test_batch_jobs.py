"""A run that is not in a hurry: batch jobs answer for the base model and a compared one, at half the price of calls."""

import json

import pytest

from tests.e2e.pipeline import small_dataset, until
from tuner.artifacts.costs.cost_items import BATCH, OVERHEAD
from tuner.core.artifact_keys import Keys
from tuner.costs.prices.price_list import price

pytestmark = pytest.mark.e2e
_SETTINGS = """\
base_model: amazon.nova-micro-v1:0:128k
compare_with: [base, amazon.nova-pro-v1:0]
serving: on_demand
hurry: false
evaluation: {metrics: [rouge], guard: 0}
"""
_QUESTIONS = 3
# The contestants, and the models that answer for them.
_ASKED = {"base": "amazon.nova-micro-v1:0", "nova-pro": "amazon.nova-pro-v1:0"}


def lines(pipeline, run, name):
    return [json.loads(line) for line in pipeline.artifact(run, name).splitlines()]


def test_batch_jobs_answer_for_the_base_model_and_a_compared_one_at_half_the_price(pipeline):
    until(lambda: all(each["status"] != "RUNNING" for each in pipeline.executions()), "the end of all other runs")
    earlier = len(pipeline.local_bedrock("GET", "charges"))
    least = pipeline.local_bedrock("GET", "settings")["batch_minimum_records"]
    pipeline.change_bedrock(batch_minimum_records=_QUESTIONS)
    try:
        questions = [{"question": f"What is thing {at}?", "answer": f"Thing {at}."} for at in range(_QUESTIONS)]
        pipeline.drop("unhurried", small_dataset(_SETTINGS) | {"evaluation.json": json.dumps(questions).encode()})
        run = pipeline.run_of("unhurried")
        execution = pipeline.finished(run)
    finally:
        pipeline.change_bedrock(batch_minimum_records=least)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")

    jobs = pipeline.client("bedrock").list_model_invocation_jobs()["invocationJobSummaries"]
    of_the_run = [job for job in jobs if run in job["jobName"]]
    assert sorted(job["modelId"] for job in of_the_run) == sorted(_ASKED.values())
    assert {job["status"] for job in jobs} == {"Completed"}, "no job is in progress"
    assert "Check the batch jobs" in pipeline.states(run)
    for name in _ASKED:
        answers = lines(pipeline, run, f"answers/{name}/00000.jsonl")
        assert [(answer["batch"], answer["error"]) for answer in answers] == [(True, None)] * _QUESTIONS
    assert not any(answer.get("batch") for answer in lines(pipeline, run, "answers/tuned/00000.jsonl"))

    charges = pipeline.local_bedrock("GET", "charges")[earlier:]
    in_batch = [charge for charge in charges if charge["item"].startswith("batch_")]
    # The preflight tests the compared model and the judge with a call each. No other call is at the full price.
    assert [charge["item"] for charge in charges if charge["item"] in ("input", "output")] == ["input", "output"] * 2
    assert len(in_batch) == 2 * _QUESTIONS * len(_ASKED), "an input and an output for each question"
    for charge in in_batch:
        of_a_call = price(charge["item"].removeprefix("batch_"), charge["base_model_id"])
        assert of_a_call and charge["unit_price_usd"] == pytest.approx(of_a_call.usd / 2)
    estimated = json.loads(pipeline.artifact(run, Keys.ESTIMATE))["items"]
    approved = {(item["id"], item["contestant"]): item for item in estimated if item["id"] not in OVERHEAD}
    billed = {(item["id"], item["contestant"]): item for item in pipeline.report(run)["bill"]["items"]}
    for contestant, model in _ASKED.items():
        for item in BATCH:
            quantity = sum(
                each["quantity"] for each in in_batch if (each["item"], each["base_model_id"]) == (item, model)
            )
            assert 0 < quantity == billed[item, contestant]["quantity"] <= approved[item, contestant]["at_most"]
    assert sum(charge["usd"] for charge in charges) <= sum(item["at_most_usd"] for item in approved.values())
    assert pipeline.alive() == []
