"""A run that costs more than the deployment allows without approval waits for a person, who approves or rejects it."""

import json
import subprocess

import pytest

from tests.e2e.pipeline import until
from tuner.core.artifact_keys import Keys

pytestmark = pytest.mark.e2e
# Throughput for this model can cost more than a run may cost without approval, and less than the budget.
_SETTINGS = """
base_model: anthropic.claude-3-haiku-20240307-v1:0:200k
hyperparameters: {epochCount: 1, batchSize: 8}
inference: {max_tokens: 16}
evaluation: {metrics: [rouge]}
"""


def records(first, last):
    pairs = [{"question": f"What is item {n}?", "answer": f"Item {n} is number {n}."} for n in range(first, last)]
    return "".join(json.dumps(pair) + "\n" for pair in pairs).encode()


def dataset(extra=""):
    return {
        "training.jsonl": records(0, 40),
        "validation.jsonl": records(40, 72),
        "evaluation.json": json.dumps([{"question": "What is thing 3?", "answer": "The third thing."}]).encode(),
        "run.yaml": (_SETTINGS + extra).encode(),
    }


def tuner(environment, *arguments):
    return subprocess.run(["tuner", *arguments], env=environment, capture_output=True, text=True, check=False)


def waiting(pipeline, name, extra=""):
    pipeline.drop(name, dataset(extra))
    run = pipeline.run_of(name)
    until(lambda: pipeline.artifact(run, Keys.APPROVAL), "a request for approval", 60)
    assert pipeline.describe(run)["status"] == "RUNNING"
    return run


def test_an_approved_run_goes_on_to_its_report(pipeline, deployed):
    run = waiting(pipeline, "dear")
    token = json.loads(pipeline.artifact(run, Keys.APPROVAL))["task_token"]
    shown = tuner(deployed, "show", run)
    assert f"tuner approve {run}" in " ".join(shown.stderr.split())
    assert pipeline.jobs() == [] or f"tuner-{run}" not in pipeline.jobs()

    approved = tuner(deployed, "approve", run)
    assert approved.returncode == 0, approved.stderr
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    report = pipeline.report(run)
    assert report["approval"]["decision"] == "approved"
    assert report["approval"]["by"].startswith("arn:aws:")
    assert token not in json.dumps(report)
    assert token not in pipeline.artifact(run, Keys.REPORT_PAGE).decode()
    assert pipeline.alive() == []


def test_a_rejected_run_ends_with_the_reason_and_buys_nothing(pipeline, deployed):
    run = waiting(pipeline, "too-dear", "budget_usd: 450\n")
    rejected = tuner(deployed, "reject", run, "--reason", "next month")
    assert rejected.returncode == 0, rejected.stderr
    execution = pipeline.finished(run)
    assert (execution["status"], execution["error"]) == ("FAILED", "ApprovalRejectedError")
    assert "next month" in execution["cause"]
    assert pipeline.report(run)["approval"]["decision"] == "rejected"
    assert f"tuner-{run}" not in pipeline.jobs()
