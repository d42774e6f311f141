"""Tests of moved schedules, custom models, running executions and endpoint times, with botocore's service models."""

import datetime as dt
import io
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.response import StreamingBody

from tests.unit.aws.stubs import stubbed
from tests.unit.aws.test_small_adapters import AT, EXECUTION, FUNCTION, MACHINE, NAMED, ROLE, SCHEDULE
from tuner.artifacts.serving import EndpointTimes
from tuner.aws.bedrock.custom_models import CustomModels
from tuner.aws.bedrock.endpoints import ModelDeployments
from tuner.aws.bedrock.resources import CustomModel
from tuner.aws.executions import Executions
from tuner.aws.s3.endpoint_times import EndpointTimesStore
from tuner.aws.scheduler import OneTimeSchedules
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
READ_BACK = ("get_schedule", NAMED, {"ScheduleExpression": SCHEDULE["ScheduleExpression"]})
CREATED = {"ScheduleArn": "arn:aws:scheduler:us-east-1:123456789012:schedule/group/tuner-faq-1"}


def moved(*calls: Any) -> dt.datetime:
    with stubbed("scheduler", *calls, READ_BACK) as api:
        return OneTimeSchedules("group", api).move("tuner-faq-1", AT, FUNCTION, ROLE, {"run_id": "faq-1"})


def test_an_existing_schedule_is_moved() -> None:
    assert moved(("update_schedule", SCHEDULE, CREATED)) == AT


def test_a_schedule_that_has_fired_is_created_again() -> None:
    gone = ("update_schedule", None, "ResourceNotFoundException: none")
    assert moved(gone, ("create_schedule", SCHEDULE, CREATED)) == AT


@pytest.mark.parametrize(
    ("sent", "payload"),
    [
        ('{"run_id": "faq-1"}', {"run_id": "faq-1"}),
        ("[1]", {}),
        ('{"run_id": 5}', {}),
        ("no JSON", {}),
        ("[" * 9999, {}),
    ],
)
def test_the_payload_of_a_schedule_that_somebody_else_made_is_empty(sent: str, payload: dict[str, str]) -> None:
    """The sweep reads the schedules of the group, and none of them may end it."""
    with stubbed("scheduler", ("get_schedule", NAMED, {"Target": {"Arn": "x", "RoleArn": "x", "Input": sent}})) as api:
        assert OneTimeSchedules("group", api).payload("tuner-faq-1") == payload


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
def test_a_model_in_use_is_kept_and_a_missing_one_is_no_error(answer: Any, deleted: bool) -> None:
    with stubbed("bedrock", ("delete_custom_model", {"modelIdentifier": MODEL}, answer)) as api:
        assert CustomModels(api).delete(MODEL) is deleted


def test_tagging_a_missing_endpoint_is_an_error() -> None:
    request = {"resourceARN": MODEL, "tags": [{"key": "a", "value": "b"}]}
    gone = ("tag_resource", request, "ResourceNotFoundException: gone")
    with stubbed("bedrock", gone) as api, pytest.raises(AwsError, match="tag"):
        ModelDeployments(api).tag(MODEL, {"a": "b"})


def test_every_endpoint_of_the_account_is_listed_without_a_name() -> None:
    with stubbed("bedrock", ("list_custom_model_deployments", {}, {"modelDeploymentSummaries": []})) as api:
        assert list(ModelDeployments(api).list("")) == []


def test_endpoint_times_are_one_object_outside_of_the_runs_folders() -> None:
    listing = {"Bucket": "artifacts", "Prefix": Keys.ENDPOINT_TIMES, "MaxKeys": 1}
    assert Keys.ENDPOINT_TIMES.startswith("runs/")
    with stubbed("s3", ("list_objects_v2", listing, {})) as api:
        assert EndpointTimesStore("artifacts", api).read() == (EndpointTimes(), None)
    data = b'{"provisioned m": [1200.0]}'
    body = StreamingBody(io.BytesIO(data), len(data))
    there = {"Contents": [{"Key": Keys.ENDPOINT_TIMES}]}
    with stubbed("s3", ("list_objects_v2", listing, there), ("get_object", None, {"Body": body, "ETag": '"1"'})) as api:
        assert EndpointTimesStore("artifacts", api).read() == (EndpointTimes({"provisioned m": (1200.0,)}), '"1"')


@pytest.mark.parametrize(
    ("version", "condition"), [(None, {"IfNoneMatch": "*"}), ('"1"', {"IfMatch": '"1"'})], ids=["the first", "a later"]
)
def test_endpoint_times_are_replaced_only_if_the_version_is_the_latest(
    version: str | None, condition: dict[str, str]
) -> None:
    put = {"Bucket": "artifacts", "Key": Keys.ENDPOINT_TIMES, "ContentType": "application/json", "Body": ANY}
    answers: list[dict[str, Any] | str] = [{}, "PreconditionFailed: overtaken"]
    calls = [("put_object", {**put, **condition}, answer) for answer in answers]
    with stubbed("s3", *calls) as api:
        assert EndpointTimesStore("artifacts", api).write(EndpointTimes({"provisioned m": (1200.0,)}), version)
        assert not EndpointTimesStore("artifacts", api).write(EndpointTimes({"provisioned m": (1200.0,)}), version)
