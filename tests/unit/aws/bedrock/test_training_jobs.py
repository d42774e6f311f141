"""Tests of customization jobs that can be stopped, with botocore's service model, and of the index of their runs."""

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tuner.artifacts.training import JobUse
from tuner.aws.bedrock.endpoints import ProvisionedThroughputs
from tuner.aws.bedrock.resources import EndpointRequest
from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.aws.clients import client
from tuner.aws.s3.training_index import TrainingIndex
from tuner.core.errors import RetryableError, StillAliveError

ARN = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-micro-v1:0/abcdefghijkl"
SUMMARY = {
    "jobArn": ARN,
    "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
    "jobName": "tuner-faq",
    "status": "InProgress",
    "creationTime": "2026-11-23T07:00:00Z",
}
JOB = SUMMARY | {
    "outputModelName": "tuner-faq",
    "roleArn": "arn:aws:iam::123456789012:role/customization",
    "trainingDataConfig": {"s3Uri": "s3://artifacts/training.jsonl"},
    "validationDataConfig": {"validators": []},
    "outputDataConfig": {"s3Uri": "s3://artifacts/"},
}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    api = client("bedrock")
    with Stubber(api) as stubber:
        yield stubber


def test_only_jobs_in_progress_are_listed_by_name(stub: Stubber) -> None:
    trained = SUMMARY | {"statusDetails": {"trainingDetails": {"status": "Completed"}}}
    stub.add_response(
        "list_model_customization_jobs",
        {"modelCustomizationJobSummaries": [SUMMARY, trained]},
        {"statusEquals": "InProgress", "nameContains": "tuner-"},
    )
    found = list(TrainingJobs(stub.client).list("tuner-"))
    assert [(job.name, job.status, job.completing) for job in found] == [
        ("tuner-faq", "InProgress", False),
        ("tuner-faq", "Completing", True),
    ]


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_stopping_a_job_that_has_just_completed_is_no_error(stub: Stubber, code: str) -> None:
    stub.add_client_error("stop_model_customization_job", code, "The job is Completed", 400)
    stub.add_response("get_model_customization_job", JOB | {"status": "Completed"})
    TrainingJobs(stub.client).delete(ARN)
    stub.assert_no_pending_responses()


def test_a_job_that_bedrock_does_not_stop_now_is_an_error(stub: Stubber) -> None:
    stub.add_client_error("stop_model_customization_job", "ConflictException", "Not now", 400)
    stub.add_response("get_model_customization_job", JOB)
    with pytest.raises(StillAliveError, match="Not now"):
        TrainingJobs(stub.client).delete(ARN)


def test_an_unknown_job_is_none(stub: Stubber) -> None:
    stub.add_client_error("stop_model_customization_job", "ResourceNotFoundException", "no such job", 404)
    stub.add_client_error("get_model_customization_job", "ResourceNotFoundException", "no such job", 404)
    jobs = TrainingJobs(stub.client)
    jobs.delete(ARN)
    assert jobs.get(ARN) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", "The model could not be found"),
        ("ConflictException", "conflict"),
        ("ValidationException", "The provided name is currently in use."),
    ],
    ids=["the model is not shown yet", "conflict", "the name is in use, and not listed yet"],
)
def test_a_purchase_that_a_stale_read_refuses_is_retryable(stub: Stubber, code: str, message: str) -> None:
    stub.add_client_error("create_provisioned_model_throughput", code, message, 400)
    request = EndpointRequest(
        "tuner-faq", "arn:aws:bedrock:us-east-1:123456789012:custom-model/a/abcdefghijkl", 1, None, {}
    )
    with pytest.raises(RetryableError, match="does not show yet"):
        ProvisionedThroughputs(stub.client).create(request)


@pytest.mark.slow
def test_the_index_is_replaced_only_if_the_version_is_the_latest_and_is_limited() -> None:
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="artifacts")
        trainings = TrainingIndex("artifacts", s3)
        uses = [JobUse(run_id=f"faq-{n}", trained_by="faq-0", job_name="tuner-faq-0") for n in range(60)]
        assert trainings.read("f" * 32) == ((), None)
        assert trainings.write("f" * 32, uses[:1], None)
        assert not trainings.write("f" * 32, uses, None), "another was quicker"
        first, version = trainings.read("f" * 32)
        assert first == (uses[0],)
        assert trainings.write("f" * 32, uses, version)
        assert trainings.read("f" * 32)[0] == tuple(uses[-50:])
