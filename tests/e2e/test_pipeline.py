"""Tests the whole pipeline in the deployed local cloud: from an uploaded dataset to the release of everything paid."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.e2e.pipeline import EXAMPLE, small_dataset, until
from tuner.core.times import iso, now

pytestmark = pytest.mark.e2e
FILES = ("training.jsonl", "validation.csv", "evaluation.json", "run.yaml")


def tuner(environment, *arguments):
    """The command, as a user runs it; its standard output."""
    command = subprocess.run(["tuner", *arguments], env=environment, capture_output=True, text=True, check=False)
    assert command.returncode == 0, command.stderr
    return command.stdout


@pytest.fixture(scope="module")
def example():
    return {name: (EXAMPLE / name).read_bytes() for name in FILES}


def test_a_dropped_dataset_becomes_an_evaluated_model(pipeline, deployed, example):
    pipeline.drop("bedrock-faq", example)
    run = pipeline.run_of("bedrock-faq")
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")

    shown = json.loads(tuner(deployed, "show", run, "--json"))
    assert shown["status"] == "SUCCEEDED"
    assert shown["live_throughput"] == []
    assert len(shown["questions"]) == 8
    for question in shown["questions"]:
        assert question["base"]["answer"] is not None, question["base"]["error"]
        assert question["tuned"]["answer"] is not None, question["tuned"]["error"]
    assert {"bertscore_f1", "correctness"} <= shown["scores"].keys()
    assert "stand-in" in json.dumps(shown["stand_ins"])
    assert [each["run_id"] for each in json.loads(tuner(deployed, "runs", "--json"))][:1] == [run]
    assert pipeline.jobs().count(f"tuner-{run}") == 1
    assert pipeline.alive() == []
    assert b"<html" in pipeline.artifact(run, "report/index.html")
    training = next(item for item in shown["estimate"]["items"] if item["id"] == "training")
    assert training["source"].startswith("local stand-in for AWS's price list"), "asked, and answered in AWS's shape"
    assert "learningRateWarmupSteps" in shown["training"]["hyperparameters"]

    # The same content again, and ten deliveries of one event at once, are the same run.
    before = len(pipeline.executions())
    pipeline.drop("bedrock-faq", example)
    results = at_once(pipeline, "bedrock-faq", 10)
    assert {result["run_id"] for result in results} == {run}
    assert not any(result["started"] for result in results)
    assert len(pipeline.executions()) == before


def at_once(pipeline, dataset, times):
    """Delivers the event of the training file's arrival so many times at once. No other upload is later."""
    detail = {
        "bucket": {"name": pipeline.outputs["DataBucketName"]},
        "object": {"key": f"incoming/{dataset}/training.jsonl"},
    }
    event = {"Records": [{"body": json.dumps({"time": iso(now() + timedelta(seconds=1)), "detail": detail})}]}
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(lambda _: pipeline.invoke("StartFunctionName", event), range(times)))


def test_any_letters_in_a_datasets_name_work_and_nothing_else_starts_a_run(pipeline):
    before = {execution["name"] for execution in pipeline.executions()}
    for key in ("incoming/training.csv", "incoming/a/b/training.csv", "incoming/a/notes.txt", "other/a/training.csv"):
        pipeline.client("s3").put_object(Bucket=pipeline.outputs["DataBucketName"], Key=key, Body=b"x")
    name = "データ 100% + more"
    pipeline.drop(name, small_dataset("serving: none\n"))
    run = pipeline.run_of(name)
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert {execution["name"] for execution in pipeline.executions()} - before == {run}
    assert "Purchase throughput" not in pipeline.states(run)


def test_a_refused_dataset_says_why_and_spends_nothing(pipeline):
    jobs = pipeline.jobs()
    files = small_dataset() | {
        "training.jsonl": b'{"question": "Q?", "answer": "A."}\n{"question": "R?", "answer": ""}\n'
    }
    pipeline.drop("bad-data", files)
    run = pipeline.run_of("bad-data")
    execution = pipeline.finished(run)
    assert (execution["status"], execution["error"]) == ("FAILED", "DatasetError")
    assert "training.jsonl, line 2" in execution["cause"]
    assert "training.jsonl, line 2" in pipeline.report(run)["failure"]["message"]
    assert pipeline.jobs() == jobs


def test_stopping_a_run_releases_its_throughput(pipeline):
    pipeline.drop("stopped", small_dataset("serving: provisioned\n"))
    run = pipeline.run_of("stopped")
    until(pipeline.alive, "throughput of the run")
    pipeline.client("stepfunctions").stop_execution(executionArn=pipeline.arn(run), cause="enough")
    until(lambda: not pipeline.alive(), "a release")
    assert pipeline.report(run)["status"] == "ABORTED"
