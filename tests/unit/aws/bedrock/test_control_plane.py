"""Tests of the calls to Bedrock's control plane, with botocore's service model."""

import datetime as dt
from typing import Any

import pytest

from tests.unit.aws.stubs import stubbed
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.bedrock.resources import JobRequest
from tuner.core.errors import AccessDeniedError, QuotaError, RetryableError
from tuner.settings import DeploymentSettings, VpcSettings

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
NAME = "tuner-faq-0123456789ab"
MODEL = "amazon.nova-micro-v1:0:128k"
JOB_ARN = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-micro-v1:0:128k/abcdefghijkl"
REQUEST = JobRequest(
    name=NAME,
    base_model=MODEL,
    role_arn="arn:aws:iam::123456789012:role/customization",
    training_uri="s3://artifacts/runs/r/dataset/training.jsonl",
    validation_uri=None,
    output_uri="s3://artifacts/runs/r/training/output/",
    hyperparameters={"epochCount": "2"},
    tags={"bedrock-tuner:deployment": "tuner"},
)
TAGS = [{"key": "bedrock-tuner:deployment", "value": "tuner"}]
MEMBERS = {
    "jobName": NAME,
    "customModelName": NAME,
    "clientRequestToken": f"{NAME}-job",
    "roleArn": REQUEST.role_arn,
    "baseModelIdentifier": MODEL,
    "customizationType": "FINE_TUNING",
    "trainingDataConfig": {"s3Uri": REQUEST.training_uri},
    "outputDataConfig": {"s3Uri": REQUEST.output_uri},
    "hyperParameters": {"epochCount": "2"},
    "jobTags": TAGS,
    "customModelTags": TAGS,
}


def test_a_job_is_created_with_a_token_of_the_run_and_tags_on_job_and_model() -> None:
    with stubbed("bedrock", ("create_model_customization_job", MEMBERS, {"jobArn": JOB_ARN})) as api:
        assert Bedrock(api).create_job(REQUEST) == JOB_ARN


def test_a_job_gets_the_companys_vpc_and_tags_and_keeps_its_own_tags() -> None:
    vpc = VpcSettings(subnet_ids=("subnet-12345678",), security_group_ids=("sg-12345678",))
    company = DeploymentSettings(vpc=vpc, tags={"team": "search"})
    tags = [{"key": "team", "value": "search"}, *TAGS]
    members = {
        **MEMBERS,
        "jobTags": tags,
        "customModelTags": tags,
        "vpcConfig": {"subnetIds": ["subnet-12345678"], "securityGroupIds": ["sg-12345678"]},
    }
    with stubbed("bedrock", ("create_model_customization_job", members, {"jobArn": JOB_ARN})) as api:
        assert Bedrock(api, company=company).create_job(REQUEST) == JOB_ARN


@pytest.mark.parametrize(
    "answer",
    ["ValidationException: The provided job name is currently in use.", "ConflictException: It exists."],
)
def test_a_name_in_use_is_no_error(answer: str) -> None:
    with stubbed("bedrock", ("create_model_customization_job", None, answer)) as api:
        assert Bedrock(api).create_job(REQUEST) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("ValidationException: Could not assume provided IAM role.", RetryableError),
        ("ServiceQuotaExceededException: Too many jobs.", QuotaError),
        ("AccessDeniedException: not authorized to perform: iam:PassRole", AccessDeniedError),
    ],
)
def test_a_refused_job_raises_the_class_that_decides_about_a_retry(answer: str, kind: type[Exception]) -> None:
    with (
        stubbed("bedrock", ("create_model_customization_job", None, answer)) as api,
        pytest.raises(kind, match=answer.partition(": ")[2]),
    ):
        Bedrock(api).create_job(REQUEST)


def test_a_job_is_found_by_its_name_with_bedrocks_failure() -> None:
    answer = {
        "jobArn": JOB_ARN,
        "jobName": NAME,
        "outputModelName": NAME,
        "roleArn": REQUEST.role_arn,
        "status": "Failed",
        "failureMessage": "Bad data.",
        "creationTime": NOW,
        "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        "trainingDataConfig": {"s3Uri": REQUEST.training_uri},
        "validationDataConfig": {"validators": []},
        "outputDataConfig": {"s3Uri": REQUEST.output_uri},
    }
    with stubbed("bedrock", ("get_model_customization_job", {"jobIdentifier": NAME}, answer)) as api:
        job = Bedrock(api).find_job(NAME)
    assert job
    assert (job.arn, job.status, job.failure, job.custom_model_arn) == (JOB_ARN, "Failed", "Bad data.", None)


@pytest.mark.parametrize("answer", ["ResourceNotFoundException: none", "ValidationException: no such identifier"])
def test_an_unknown_job_or_model_is_none(answer: str) -> None:
    with stubbed(
        "bedrock",
        ("get_model_customization_job", None, answer),
        ("get_foundation_model", None, answer),
    ) as api:
        bedrock = Bedrock(api)
        assert bedrock.find_job(NAME) is None
        assert bedrock.foundation_model(MODEL) is None


def test_a_foundation_model_has_its_lifecycle() -> None:
    details = {
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        "modelId": MODEL,
        "modelName": "Nova Micro",
        "customizationsSupported": ["FINE_TUNING"],
        "modelLifecycle": {"status": "LEGACY", "endOfLifeTime": NOW},
    }
    with stubbed("bedrock", ("get_foundation_model", {"modelIdentifier": MODEL}, {"modelDetails": details})) as api:
        model = Bedrock(api).foundation_model(MODEL)
    assert model
    assert (model.name, model.active, model.end_of_life) == ("Nova Micro", False, NOW)
    assert model.customizations == ("FINE_TUNING",)


STOPPING = {
    "jobArn": JOB_ARN,
    "jobName": NAME,
    "status": "Stopping",
    "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
    "creationTime": NOW,
}


@pytest.mark.parametrize(("stopping", "counted"), [([], 0), ([STOPPING], 1)], ids=["none", "one that is stopping"])
def test_jobs_are_counted_until_they_have_stopped(stopping: list[dict[str, Any]], counted: int) -> None:
    calls = [
        (
            "list_model_customization_jobs",
            {"statusEquals": status, "maxResults": 1},
            {"modelCustomizationJobSummaries": found},
        )
        for status, found in (("InProgress", []), ("Stopping", stopping))
    ]
    with stubbed("bedrock", *calls) as api:
        assert Bedrock(api).jobs_in_progress() == counted


def test_a_tag_is_added_and_the_others_stay() -> None:
    model = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
    request = {"resourceARN": model, "tags": [{"key": "bedrock-tuner:gate", "value": "accepted"}]}
    with stubbed("bedrock", ("tag_resource", request, {})) as api:
        assert Bedrock(api).tag(model, {"bedrock-tuner:gate": "accepted"})
    with stubbed("bedrock", ("tag_resource", request, "ResourceNotFoundException: none")) as api:
        assert not Bedrock(api).tag(model, {"bedrock-tuner:gate": "accepted"})
