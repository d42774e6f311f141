"""Customization jobs: refused requests, failed jobs, and the course of a job."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from local.bedrock.local_bedrock import LocalBedrock
from tests.unit.local.bedrock.conftest import HAIKU, NOVA, anthropic_record, change_settings, converse_record, lines


def refused(call, code, message):
    with pytest.raises(ClientError, match=message) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code


def test_a_job_becomes_a_model_with_its_parameters(control, job_request, finish):
    tags = {"jobTags": [{"key": "run", "value": "r1"}], "customModelTags": [{"key": "run", "value": "m1"}]}
    arn = control.create_model_customization_job(**job_request, **tags)["jobArn"]
    job = finish("first-job")
    assert (job.status, job.jobArn) == ("Completed", arn)
    assert {stage["status"] for stage in job.statusDetails.values()} == {"Completed"}
    assert job.endTime >= job.creationTime
    assert job.hyperParameters == {
        "epochCount": "2",
        "batchSize": "8",
        "learningRateMultiplier": "1",
        "earlyStoppingThreshold": "0.001",
        "earlyStoppingPatience": "2",
    }
    model = control.get_custom_model(modelIdentifier=job.outputModelArn)
    assert (model["modelName"], model["jobArn"], model["modelStatus"]) == ("first-model", arn, "Active")
    assert model["baseModelArn"].endswith(f"::foundation-model/{HAIKU}")
    assert control.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "run", "value": "r1"}]
    assert control.list_tags_for_resource(resourceARN=model["modelArn"])["tags"] == [{"key": "run", "value": "m1"}]


def test_a_job_name_can_never_be_used_again(control, job_request, finish):
    control.create_model_customization_job(**job_request)
    finish("first-job")
    control.delete_custom_model(modelIdentifier="first-model")
    again = lambda: control.create_model_customization_job(**job_request)  # noqa: E731
    refused(again, "ValidationException", "The provided job name is currently in use.")


def test_a_models_name_is_free_again_once_it_is_deleted(control, job_request, finish):
    control.create_model_customization_job(**job_request)
    finish("first-job")
    second = job_request | {"jobName": "second-job"}
    refused(lambda: control.create_model_customization_job(**second), "ValidationException", "custom model name")
    control.delete_custom_model(modelIdentifier="first-model")
    control.create_model_customization_job(**second)
    assert finish("second-job").status == "Completed"


def test_a_repeated_request_token_returns_the_first_job(control, job_request, finish):
    first = control.create_model_customization_job(**job_request, clientRequestToken="t1")["jobArn"]
    assert control.create_model_customization_job(**job_request, clientRequestToken="t1")["jobArn"] == first
    finish("first-job")
    assert len(control.list_model_customization_jobs()["modelCustomizationJobSummaries"]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseModelIdentifier": "amazon.nova-none-v1:0"}, "The provided model identifier is invalid"),
        ({"baseModelIdentifier": "amazon.nova-micro-v1:0"}, "does not support FINE_TUNING"),
        ({"customizationType": "DISTILLATION"}, "found DISTILLATION"),
        ({"hyperParameters": {"epochs": "2"}}, r"Invalid hyperparameter\(s\).*: epochs. Supported: epochCount, "),
        ({"hyperParameters": {"epochCount": "11"}}, "'11' of hyperparameter epochCount .* integer between 1 and 10"),
        ({"hyperParameters": {"epochCount": "2.5"}}, "'2.5' of hyperparameter epochCount"),
        ({"hyperParameters": {"learningRateMultiplier": "nan"}}, "'nan' of hyperparameter learningRateMultiplier"),
        ({"validationDataConfig": {"validators": [{"s3Uri": "s3://data/a"}] * 2}}, "must be one file"),
        ({"trainingDataConfig": {}}, "Invalid training input data configuration"),
    ],
)
def test_an_invalid_request_is_refused_synchronously(control, job_request, change, message):
    create = lambda: control.create_model_customization_job(**(job_request | change))  # noqa: E731
    refused(create, "ValidationException", message)
    assert control.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []


def test_a_retired_model_is_refused_with_lifecycle_aws(bedrock, control, job_request):
    change_settings(bedrock, lifecycle="aws")
    create = lambda: control.create_model_customization_job(**job_request)  # noqa: E731
    refused(create, "ValidationException", "The provided model identifier is invalid")


def test_more_than_the_quota_of_jobs_is_refused(bedrock, control, job_request, finish):
    change_settings(bedrock, job_stage_seconds=60)
    for number in (1, 2):
        named = {"jobName": f"job-{number}", "customModelName": f"model-{number}"}
        control.create_model_customization_job(**(job_request | named))
    third = lambda: control.create_model_customization_job(**job_request)  # noqa: E731
    refused(third, "ServiceQuotaExceededException", "concurrent model customization jobs")
    for number in (1, 2):
        control.stop_model_customization_job(jobIdentifier=f"job-{number}")
        job = finish(f"job-{number}")
        assert (job.status, job.statusDetails["validationDetails"]["status"]) == ("Stopped", "Stopped")
        assert job.statusDetails["trainingDetails"]["status"] == "NotStarted"
    change_settings(bedrock, job_stage_seconds=0)
    control.create_model_customization_job(**job_request)
    assert finish("first-job").status == "Completed"


def test_only_a_job_in_progress_can_be_stopped(control, job_request, finish):
    control.create_model_customization_job(**job_request)
    finish("first-job")
    stop = lambda: control.stop_model_customization_job(jobIdentifier="first-job")  # noqa: E731
    refused(stop, "ConflictException", "The job is Completed")


def test_a_job_is_in_progress_until_its_model_exists(control, job_request, finish, bedrock):
    change_settings(bedrock, job_completing_seconds=1.5)
    control.create_model_customization_job(**job_request)

    def training():
        job = control.get_model_customization_job(jobIdentifier="first-job")
        return job["statusDetails"]["trainingDetails"].get("status"), job["status"]

    deadline = time.monotonic() + 60
    while training()[0] != "Completed" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert training() == ("Completed", "InProgress")
    assert finish("first-job").status == "Completed"


def nova(job_request):
    return job_request | {"baseModelIdentifier": NOVA, "hyperParameters": {}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "Could not validate GetObject permissions to access Amazon S3 bucket: data at key in/train.jsonl"),
        (lines(anthropic_record, 31), "training dataset must contain at least 32 records .* found 31"),
        (lines(anthropic_record, 40) + b"\n", r"Unable to parse Amazon S3 file: train.jsonl.*line 41: blank line"),
        (b"[1]\n", r"line 1: ValueError: not a JSON object"),
        ("é\n".encode("latin-1"), "line 1: UnicodeDecodeError"),
        (lines(converse_record, 40), "line 1: "),
        (lines(lambda _: '{"messages": [{"role": "user", "content": "x"}]}', 40), "roles must alternate"),
        (lines(lambda n: anthropic_record(n).replace(f"What is service {n}?", " "), 40), "a turn has no text"),
    ],
)
def test_invalid_data_fails_the_job_with_bedrocks_message(control, storage, job_request, finish, data, message):
    if data is None:
        del storage.objects["in/train.jsonl"]
    else:
        storage.objects["in/train.jsonl"] = data
    control.create_model_customization_job(**job_request)
    job = finish("first-job")
    assert job.status == "Failed"
    assert job.statusDetails["validationDetails"]["status"] == "Failed"
    with pytest.raises(ValueError, match=message):
        raise ValueError(job.failureMessage)
    assert control.list_custom_models()["modelSummaries"] == []


def test_a_reserved_string_fails_a_nova_job(control, storage, job_request, finish):
    record = converse_record(1).replace("What is", "User: what is")
    storage.objects["in/train.jsonl"] = lines(converse_record, 40) + record.encode() + b"\n"
    storage.objects["in/validation.jsonl"] = lines(converse_record, 4)
    control.create_model_customization_job(**nova(job_request))
    assert "line 41: a prompt contains the reserved string 'User:'" in finish("first-job").failureMessage


def test_a_record_with_too_many_tokens_fails_the_job(control, storage, job_request, finish):
    storage.objects["in/train.jsonl"] = lines(lambda n: anthropic_record(n).replace("stores", "s" * 96_100), 32)
    control.create_model_customization_job(**job_request)
    assert "exceeds total limit of 32000 (train.jsonl, line 1)" in finish("first-job").failureMessage


def test_output_that_cannot_be_written_fails_the_job_before_training(control, storage, job_request, finish):
    storage.denied.add("out/.write_access_check_file.tmp")
    control.create_model_customization_job(**job_request)
    job = finish("first-job")
    assert "Could not validate PutObject permissions" in job.failureMessage
    assert job.statusDetails["trainingDetails"]["status"] == "NotStarted"


def test_an_injected_failure_is_the_failure_message(bedrock, control, job_request, finish):
    change_settings(bedrock, fail_jobs="No capacity today.")
    control.create_model_customization_job(**job_request)
    job = finish("first-job")
    assert (job.status, job.failureMessage) == ("Failed", "No capacity today.")
    assert job.statusDetails["trainingDetails"]["status"] == "Failed"


def test_lists_filter_sort_and_page(control, job_request, finish, clock):
    for number in range(3):
        named = {"jobName": f"job-{number}", "customModelName": f"model-{number}"}
        control.create_model_customization_job(**(job_request | named))
        finish(f"job-{number}")
        clock.advance(60)

    def names(**wanted):
        pages = control.get_paginator("list_model_customization_jobs").paginate(**wanted)
        return [job["jobName"] for page in pages for job in page["modelCustomizationJobSummaries"]]

    assert names() == ["job-2", "job-1", "job-0"]
    assert names(sortOrder="Ascending", maxResults=1) == ["job-0", "job-1", "job-2"]
    assert names(nameContains="1") == ["job-1"]
    assert names(statusEquals="Failed") == []
    assert names(creationTimeAfter=clock().replace(microsecond=0)) == []
    models = control.list_custom_models(nameContains="model-1")["modelSummaries"]
    assert [model["modelName"] for model in models] == ["model-1"]


def test_tags_change_and_are_limited(control, job_request, finish):
    arn = control.create_model_customization_job(**job_request)["jobArn"]
    finish("first-job")
    control.tag_resource(resourceARN=arn, tags=[{"key": f"k{n}", "value": "v"} for n in range(50)])
    more = lambda: control.tag_resource(resourceARN=arn, tags=[{"key": "x", "value": "v"}])  # noqa: E731
    refused(more, "TooManyTagsException", "at most 50 tags")
    control.untag_resource(resourceARN=arn, tagKeys=[f"k{n}" for n in range(49)])
    assert control.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "k49", "value": "v"}]


def test_a_restarted_server_keeps_its_records_and_fails_jobs_in_progress(bedrock, storage, clock, control, job_request):
    change_settings(bedrock, job_stage_seconds=60)
    control.create_model_customization_job(**job_request)
    restarted = LocalBedrock(bedrock.state.store.folder, bedrock.state.settings, lambda _: storage, clock)
    try:
        (job,) = restarted.state.store.jobs.all()
        assert (job.status, job.name) == ("Failed", "first-job")
        assert job.failure
        assert "restarted" in job.failure
    finally:
        restarted.close()


def test_no_folder_is_created_before_the_first_record(tmp_path, bedrock, storage):
    place = tmp_path / "untouched"
    LocalBedrock(place, bedrock.state.settings, lambda _: storage).close()
    assert not place.exists()
