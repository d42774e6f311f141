"""Batch inference jobs, with botocore's service model."""

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from tuner.aws.bedrock.invocation_jobs import InvocationJobs
from tuner.aws.bedrock.resources import BatchRequest
from tuner.aws.clients import client
from tuner.core.errors import AwsError, QuotaError, RetryableError, StillAliveError
from tuner.settings import DeploymentSettings

ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghijkl"
REQUEST = BatchRequest(
    name="tuner-faq-batch-1",
    model="amazon.nova-micro-v1:0",
    role_arn="arn:aws:iam::123456789012:role/batch",
    input_uri="s3://artifacts/runs/faq/batch/base/input.jsonl",
    output_uri="s3://artifacts/runs/faq/batch/base/output/",
    tags={"bedrock-tuner:run": "faq"},
)
SENT = {
    "jobName": "tuner-faq-batch-1",
    "clientRequestToken": "tuner-faq-batch-1",
    "roleArn": REQUEST.role_arn,
    "modelId": REQUEST.model,
    "modelInvocationType": "Converse",
    "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": REQUEST.input_uri}},
    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": REQUEST.output_uri}},
    "timeoutDurationInHours": 24,
    "tags": [{"key": "bedrock-tuner:run", "value": "faq"}],
}
JOB = {
    "jobArn": ARN,
    "jobName": "tuner-faq-batch-1",
    "modelId": REQUEST.model,
    "roleArn": REQUEST.role_arn,
    "status": "InProgress",
    "submitTime": "2026-11-23T07:00:00Z",
    "inputDataConfig": SENT["inputDataConfig"],
    "outputDataConfig": SENT["outputDataConfig"],
}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    api = client("bedrock")
    with Stubber(api) as stubber:
        yield stubber


def test_a_job_asks_in_the_form_of_converse_and_exists_once(stub: Stubber) -> None:
    stub.add_response("create_model_invocation_job", {"jobArn": ARN}, SENT)
    assert InvocationJobs(stub.client).create(REQUEST) == ARN


def test_a_job_gets_the_vpc_and_the_tags_of_the_company(stub: Stubber) -> None:
    vpc = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
    company = DeploymentSettings.model_validate({"vpc": vpc, "tags": {"cost-centre": "7"}})
    placed = {"subnetIds": ["subnet-01234567"], "securityGroupIds": ["sg-01234567"]}
    tags = [{"key": "cost-centre", "value": "7"}, *SENT["tags"]]  # type: ignore[misc]
    stub.add_response("create_model_invocation_job", {"jobArn": ARN}, SENT | {"vpcConfig": placed, "tags": tags})
    assert InvocationJobs(stub.client, company).create(REQUEST) == ARN


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ServiceQuotaExceededException", "too many jobs", QuotaError),
        ("ValidationException", "The model does not support batch inference.", AwsError),
        ("ValidationException", "Could not assume provided IAM role", RetryableError),
        ("InternalServerException", "try again", RetryableError),
    ],
)
def test_a_refused_job_is_an_error_of_its_kind(stub: Stubber, code: str, message: str, kind: type[Exception]) -> None:
    stub.add_client_error("create_model_invocation_job", code, message, 400)
    with pytest.raises(kind, match=message) as raised:
        InvocationJobs(stub.client).create(REQUEST)
    assert type(raised.value) is kind


def test_jobs_that_have_not_ended_are_listed_by_name(stub: Stubber) -> None:
    for status in ("Submitted", "Validating", "Scheduled", "InProgress"):
        found = [JOB] if status == "InProgress" else []
        wanted = {"statusEquals": status, "nameContains": "tuner-"}
        stub.add_response("list_model_invocation_jobs", {"invocationJobSummaries": found}, wanted)
    (job,) = InvocationJobs(stub.client).list("tuner-")
    assert (job.kind, job.name, job.status, job.has_ended) == ("batch", "tuner-faq-batch-1", "InProgress", False)


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopping", "Stopped", "PartiallyCompleted", "Expired"])
def test_a_job_of_any_other_status_has_ended(stub: Stubber, status: str) -> None:
    stub.add_response("get_model_invocation_job", JOB | {"status": status, "message": "why"})
    job = InvocationJobs(stub.client).get(ARN)
    assert job
    assert (job.has_ended, job.failure, job.completing) == (True, "why", False)


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_stopping_a_job_that_has_just_completed_is_no_error(stub: Stubber, code: str) -> None:
    stub.add_client_error("stop_model_invocation_job", code, "The job is Completed", 400)
    stub.add_response("get_model_invocation_job", JOB | {"status": "Completed"})
    InvocationJobs(stub.client).delete(ARN)
    stub.assert_no_pending_responses()


def test_a_job_that_bedrock_does_not_stop_now_is_an_error(stub: Stubber) -> None:
    stub.add_client_error("stop_model_invocation_job", "ConflictException", "Not now", 400)
    stub.add_response("get_model_invocation_job", JOB)
    with pytest.raises(StillAliveError, match="Not now"):
        InvocationJobs(stub.client).delete(ARN)


def test_an_unknown_job_is_none(stub: Stubber) -> None:
    stub.add_client_error("stop_model_invocation_job", "ResourceNotFoundException", "no such job", 404)
    stub.add_client_error("get_model_invocation_job", "ResourceNotFoundException", "no such job", 404)
    jobs = InvocationJobs(stub.client)
    jobs.delete(ARN)
    assert jobs.get(ARN) is None
