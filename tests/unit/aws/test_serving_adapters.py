"""Switches that are armed anew, custom models, running executions and endpoint times, against botocore's models."""

import datetime as dt
import io
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.response import StreamingBody

from tests.unit.aws.stubs import stubbed
from tests.unit.aws.test_small_adapters import AT, EXECUTION, FUNCTION, MACHINE, NAMED, ROLE, SCHEDULE
from tuner.aws.bedrock.custom_models import CustomModels
from tuner.aws.bedrock.endpoints import ModelDeployments
from tuner.aws.bedrock.resources import CustomModel
from tuner.aws.executions import Executions
from tuner.aws.s3.endpoint_times import EndpointTimes
from tuner.aws.scheduler import OneTimeSchedules
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
READ_BACK = ("get_schedule", NAMED, {"ScheduleExpression": SCHEDULE["ScheduleExpression"]})
ARMED = {"ScheduleArn": "arn:aws:scheduler:us-east-1:123456789012:schedule/group/tuner-faq-1"}


def rearmed(*calls: Any) -> dt.datetime:
    with stubbed("scheduler", *calls, READ_BACK) as api:
        return OneTimeSchedules("group", api).rearm("tuner-faq-1", AT, FUNCTION, ROLE, {"run_id": "faq-1"})


def test_an_armed_switch_is_given_another_time() -> None:
    assert rearmed(("update_schedule", SCHEDULE, ARMED)) == AT


def test_a_switch_that_has_fired_is_armed_again() -> None:
    gone = ("update_schedule", None, "ResourceNotFoundException: none")
    assert rearmed(gone, ("create_schedule", SCHEDULE, ARMED)) == AT


def test_running_executions_are_listed_by_name() -> None:
    request = {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
    found = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "faq-1", "status": "RUNNING"}
    answer = {"executions": [{**found, "startDate": AT}]}
    with stubbed("stepfunctions", ("list_executions", request, answer)) as api:
        assert Executions(MACHINE, api).running() == ["faq-1"]


def test_old_custom_models_of_the_account_are_listed() -> None:
    request = {"nameContains": "tuner-", "creationTimeBefore": AT, "isOwned": True}
    base = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k"
    summary = {
        "modelArn": MODEL,
        "modelName": "tuner-faq-1",
        "creationTime": AT,
        "baseModelArn": base,
        "baseModelName": "Nova",
    }
    with stubbed("bedrock", ("list_custom_models", request, {"modelSummaries": [summary]})) as api:
        assert list(CustomModels(api).made_before("tuner-", AT)) == [CustomModel(MODEL, "tuner-faq-1", AT)]


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [({}, True), ("ConflictException: in use", False), ("ResourceNotFoundException: gone", True)],
)
def test_a_model_in_use_is_left_and_one_that_is_gone_is_no_error(answer: Any, deleted: bool) -> None:
    with stubbed("bedrock", ("delete_custom_model", {"modelIdentifier": MODEL}, answer)) as api:
        assert CustomModels(api).delete(MODEL) is deleted


def test_tagging_what_is_gone_is_an_error() -> None:
    request = {"resourceARN": MODEL, "tags": [{"key": "a", "value": "b"}]}
    gone = ("tag_resource", request, "ResourceNotFoundException: gone")
    with stubbed("bedrock", gone) as api, pytest.raises(AwsError, match="tag"):
        ModelDeployments(api).tag(MODEL, {"a": "b"})


def test_every_endpoint_of_the_account_is_listed_without_a_name() -> None:
    with stubbed("bedrock", ("list_custom_model_deployments", {}, {"modelDeploymentSummaries": []})) as api:
        assert list(ModelDeployments(api).list("")) == []


def test_endpoint_times_are_one_object_beside_the_runs() -> None:
    listing = {"Bucket": "artifacts", "Prefix": Keys.ENDPOINT_TIMES, "MaxKeys": 1}
    assert Keys.ENDPOINT_TIMES.startswith("runs/")
    with stubbed("s3", ("list_objects_v2", listing, {})) as api:
        assert EndpointTimes("artifacts", api).read() == ({}, None)
    data = b'{"provisioned m": [1200.0]}'
    body = StreamingBody(io.BytesIO(data), len(data))
    there = {"Contents": [{"Key": Keys.ENDPOINT_TIMES}]}
    with stubbed("s3", ("list_objects_v2", listing, there), ("get_object", None, {"Body": body, "ETag": '"1"'})) as api:
        assert EndpointTimes("artifacts", api).read() == ({"provisioned m": [1200.0]}, '"1"')


@pytest.mark.parametrize(
    ("version", "condition"), [(None, {"IfNoneMatch": "*"}), ('"1"', {"IfMatch": '"1"'})], ids=["the first", "a later"]
)
def test_endpoint_times_are_replaced_only_by_who_has_seen_them(version: str | None, condition: dict[str, str]) -> None:
    put = {"Bucket": "artifacts", "Key": Keys.ENDPOINT_TIMES, "ContentType": "application/json", "Body": ANY}
    calls = [("put_object", {**put, **condition}, answer) for answer in ({}, "PreconditionFailed: overtaken")]
    with stubbed("s3", *calls) as api:
        assert EndpointTimes("artifacts", api).write({"provisioned m": [1200.0]}, version)
        assert not EndpointTimes("artifacts", api).write({"provisioned m": [1200.0]}, version)
