"""Batch inference jobs: answers to the records of a file, at the price of a batch."""

from __future__ import annotations

import json
import threading
from collections import defaultdict

import pytest

from local.bedrock.local_bedrock import LocalBedrock
from local.bedrock.runtime.inference import NO_MODEL
from tests.unit.local.bedrock.conftest import ACCOUNT, REGION, change_settings
from tests.unit.local.bedrock.jobs.test_jobs import refused
from tuner.aws.bedrock.tool_call import record_of_batch, reply_of_batch
from tuner.evaluation.judging.judge import instructions, tagged
from tuner.evaluation.metrics.correctness import GRADE

MODEL, JUDGE = "amazon.nova-micro-v1:0", "amazon.nova-pro-v1:0"
INPUT = "runs/a/batch/input/base.jsonl"


def record(number, **more):
    request = {
        "messages": [{"role": "user", "content": [{"text": f"What is service {number}?"}]}],
        "inferenceConfig": {"maxTokens": 20, "temperature": 0.0},
        **more,
    }
    return {"recordId": f"q{number}", "modelInput": request}


@pytest.fixture
def batch(bedrock, storage, control):
    """Starts a job of these records, waits for its end, and returns it with its output by record."""

    def run(records, wait=True, **more):
        change_settings(bedrock, batch_stage_seconds=0)
        storage.objects[INPUT] = "".join(json.dumps(each) + "\n" for each in records).encode()
        request = {
            "jobName": "batch-a",
            "clientRequestToken": "batch-a",
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/service",
            "modelId": MODEL,
            "modelInvocationType": "Converse",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": f"s3://artifacts/{INPUT}"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://artifacts/runs/a/batch/output/base/"}},
            "timeoutDurationInHours": 24,
            "tags": [{"key": "run", "value": "a"}],
            **more,
        }
        arn = control.create_model_invocation_job(**request)["jobArn"]
        if wait:
            for thread in threading.enumerate():
                if thread.name == "batch-batch-a":
                    thread.join(60)
        job = control.get_model_invocation_job(jobIdentifier=arn)
        folder = f"runs/a/batch/output/base/{arn[-12:]}/"
        lines = storage.objects.get(f"{folder}base.jsonl.out", b"").decode().splitlines()
        manifest = json.loads(storage.objects.get(f"{folder}manifest.json.out", b"{}"))
        return job, {each["recordId"]: each for each in map(json.loads, lines)}, manifest

    return run


def test_a_job_answers_every_record_with_the_models_own_response(batch, control, runtime, bedrock):
    job, output, manifest = batch(map(record, range(100)))
    assert (job["status"], job["totalRecordCount"], job["successRecordCount"]) == ("Completed", 100, 100)
    assert sorted(output) == sorted(f"q{number}" for number in range(100))
    direct = runtime.converse(modelId=MODEL, **record(7)["modelInput"])
    own = output["q7"]["modelOutput"]
    assert own["output"] == direct["output"] == {"message": {"role": "assistant", "content": [{"text": NO_MODEL}]}}
    assert own["usage"] == direct["usage"]
    assert output["q7"]["modelInput"] == record(7)["modelInput"]
    assert manifest["inputTokenCount"] == sum(each["modelOutput"]["usage"]["inputTokens"] for each in output.values())
    assert control.list_tags_for_resource(resourceARN=job["jobArn"])["tags"] == [{"key": "run", "value": "a"}]
    listed = control.list_model_invocation_jobs(nameContains="batch", statusEquals="Completed")
    assert [each["jobArn"] for each in listed["invocationJobSummaries"]] == [job["jobArn"]]


def test_a_record_costs_half_of_a_call(batch, runtime, bedrock):
    from local.bedrock.state.charges import charges

    usage = runtime.converse(modelId=MODEL, **record(0)["modelInput"])["usage"]
    batch([record(0)] * 100)
    found = charges(bedrock.state.store, bedrock.state.clock())
    spent: dict[str, float] = defaultdict(float)
    for each in found:
        assert each.usd is not None
        spent[each.item] += each.usd
    assert set(spent) == {"input", "output", "batch_input", "batch_output"}
    for item in ("input", "output"):
        assert spent[f"batch_{item}"] == pytest.approx(100 * spent[item] / 2)
    assert sum(each.quantity for each in found if each.item == "batch_input") == 100 * usage["inputTokens"]


def test_too_few_records_fail_the_job(batch):
    job, output, _ = batch(map(record, range(99)))
    assert (job["status"], output) == ("Failed", {})
    assert "at least 100" in job["message"]


def test_an_input_that_is_not_there_fails_the_job(batch):
    job, _, _ = batch([], inputDataConfig={"s3InputDataConfig": {"s3Uri": "s3://artifacts/runs/a/none.jsonl"}})
    assert job["status"] == "Failed"
    assert "GetObject" in job["message"]


def test_a_record_that_the_model_refuses_has_an_error_in_the_output(batch):
    tools = {"tools": [{"toolSpec": {"name": "grade", "inputSchema": {"json": {"type": "object"}}}}]}
    wrong = {"recordId": "wrong", "modelInput": {"messages": "none"}}
    job, output, manifest = batch([*map(record, range(98)), record(98, toolConfig=tools), wrong])
    assert (job["status"], job["errorRecordCount"], manifest["errorRecordCount"]) == ("Completed", 2, 2)
    assert output["q98"]["error"]["errorCode"] == output["wrong"]["error"]["errorCode"] == 400
    assert "modelOutput" not in output["q98"]


def test_an_own_body_of_the_model_is_answered_without_an_invocation_type(batch):
    body = {"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
    records = [{"modelInput": body}] * 100
    job, output, _ = batch(records, modelInvocationType="InvokeModel")
    assert job["status"] == "Completed"
    assert output["00000000001"]["modelOutput"]["output"]["message"]["content"] == [{"text": NO_MODEL}]


def test_a_repeated_token_starts_no_second_job(batch, control):
    first, _, _ = batch(map(record, range(100)))
    again, _, _ = batch(map(record, range(100)))
    assert again["jobArn"] == first["jobArn"]
    assert len(control.list_model_invocation_jobs()["invocationJobSummaries"]) == 1


def test_a_stopped_job_keeps_what_was_answered(batch, control, bedrock, monkeypatch):
    reached, go_on = threading.Event(), threading.Event()
    original = bedrock._batches._one

    def slow(job, number, found):
        if number == 3:
            reached.set()
            go_on.wait(30)
        return original(job, number, found)

    monkeypatch.setattr(bedrock._batches, "_one", slow)
    job, _, _ = batch(map(record, range(100)), wait=False)
    assert reached.wait(30)
    control.stop_model_invocation_job(jobIdentifier=job["jobArn"])
    assert control.get_model_invocation_job(jobIdentifier=job["jobArn"])["status"] == "Stopping"
    go_on.set()
    job, output, manifest = batch(map(record, range(100)))
    assert (job["status"], len(output), manifest["processedRecordCount"]) == ("Stopped", 4, 4)
    refused(
        lambda: control.stop_model_invocation_job(jobIdentifier=job["jobArn"]), "ConflictException", "job is Stopped"
    )


def test_failures_can_be_injected(batch, bedrock):
    change_settings(bedrock, fail_batch_records=2)
    job, output, _ = batch(map(record, range(100)))
    assert (job["status"], [name for name, each in output.items() if "error" in each]) == ("Completed", ["q0", "q1"])
    change_settings(bedrock, fail_batches="no capacity")
    job, _, _ = batch(map(record, range(100)), clientRequestToken="second")
    assert (job["status"], job["message"]) == ("Failed", "no capacity")


def test_a_job_is_refused_for_what_cannot_be_asked_in_batch(batch, bedrock):
    throughput = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/us.anthropic.claude-opus-5-5"
    refused(lambda: batch([], modelId=throughput), "ValidationException", "does not support batch inference")
    change_settings(bedrock, batch_jobs=0)
    refused(lambda: batch([]), "ServiceQuotaExceededException", "number of in-progress and submitted batch")


def test_a_restart_ends_the_jobs_of_the_server_before(batch, bedrock, storage, clock):
    job, _, _ = batch(map(record, range(100)))
    bedrock.state.store.invocation_jobs.update(job["jobArn"][-12:], status="InProgress")
    restarted = LocalBedrock(bedrock.state.store.folder, bedrock.state.settings, lambda _: storage, clock)
    (found,) = restarted.state.store.invocation_jobs.all()
    restarted.close()
    assert found.status == "Failed"
    assert found.message and "restarted" in found.message


def test_the_least_number_of_records_is_a_quota_of_each_model(bedrock):
    from tests.unit.local.bedrock.conftest import connect

    change_settings(bedrock, batch_minimum_records=7)
    quotas = connect(bedrock.handlers()["servicequotas"], "service-quotas")
    found = {each["QuotaName"]: each["Value"] for each in quotas.list_service_quotas(ServiceCode="bedrock")["Quotas"]}
    assert found["Minimum number of records per batch inference job for Nova Micro"] == 7
    assert "Minimum number of records per batch inference job for Claude Opus 5.5" not in found


@pytest.mark.slow
def test_a_judge_replies_with_json_as_text_and_the_output_names_the_stand_in(batch):
    """What the project asks of judges in batch jobs: the reply passes the checks of its reader."""
    asked = (instructions("rubric.md"), tagged(question="What?", reference="It.", answer="It."), GRADE)
    request = record_of_batch(*asked, {"maxTokens": 200, "temperature": 0.0})
    job, output, _ = batch(
        ({"recordId": f"{number:011d}", "modelInput": request} for number in range(100)), modelId=JUDGE
    )
    assert job["status"] == "Completed"
    reply = reply_of_batch(output["00000000000"]["modelOutput"], *asked)
    assert reply.problem == ""
    assert isinstance(reply.arguments, dict)
    assert {"score", "reasoning"} <= reply.arguments.keys()
    assert reply.stand_in
    assert reply.input_tokens > 0
