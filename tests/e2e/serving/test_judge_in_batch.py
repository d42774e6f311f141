"""A run that is not in a hurry: a batch job judges the answers after the release, at half the price of calls."""

import json

import pytest

from tests.e2e.pipeline import small_dataset, until
from tuner.artifacts.costs.cost_items import JUDGE_BATCH
from tuner.core.artifact_keys import Keys

pytestmark = pytest.mark.e2e
_SETTINGS = """\
base_model: amazon.nova-micro-v1:0:128k
compare_with: [base]
serving: on_demand
hurry: false
evaluation: {metrics: [correctness, preference], guard: 0}
"""
_QUESTIONS = 3


def test_a_batch_job_judges_the_answers_once_nothing_is_paid_by_the_hour(pipeline):
    until(lambda: all(each["status"] != "RUNNING" for each in pipeline.executions()), "the end of all other runs")
    least = pipeline.local_bedrock("GET", "settings")["batch_minimum_records"]
    pipeline.change_bedrock(batch_minimum_records=_QUESTIONS)
    try:
        questions = [{"question": f"What is part {at}?", "answer": f"Part {at}."} for at in range(_QUESTIONS)]
        pipeline.drop("judged", small_dataset(_SETTINGS) | {"evaluation.json": json.dumps(questions).encode()})
        run = pipeline.run_of("judged")
        execution = pipeline.finished(run)
    finally:
        pipeline.change_bedrock(batch_minimum_records=least)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")

    states = pipeline.states(run)
    assert states.index("Release the throughput") < states.index("Start the judge's batch jobs")
    job = json.loads(pipeline.artifact(run, "batch/judges/1/job.json"))
    assert (job["contestant"], job["answered"], job["problem"]) == (None, job["records"], None)
    scores = json.loads(pipeline.artifact(run, Keys.SCORES))
    judge = scores["judge"]
    assert (judge["as_text"], judge["missing"], judge["in_batch"]) == (True, 0, judge["asked"])
    assert judge["stand_in"], "the output of the job names what judged"
    report = pipeline.report(run)
    estimated = {item["id"]: item for item in json.loads(pipeline.artifact(run, Keys.ESTIMATE))["items"]}
    billed = {item["id"]: item for item in report["bill"]["items"]}
    for item, tokens in zip(sorted(JUDGE_BATCH), ("batch_input_tokens", "batch_output_tokens"), strict=True):
        assert 0 < billed[item]["quantity"] == judge[tokens] <= estimated[item]["at_most"]
    assert (billed["judge_input"]["quantity"], billed["judge_output"]["quantity"]) == (0, 0)
    assert pipeline.alive() == []
