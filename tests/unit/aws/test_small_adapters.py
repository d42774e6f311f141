"""Tests of schedules, executions, quotas and Converse, with botocore's service models."""

import datetime as dt
from typing import Any

import pytest

from tests.unit.aws.stubs import stubbed
from tuner import __version__
from tuner.artifacts.dataset import Message
from tuner.aws.bedrock.converse import ConverseClient, Reply
from tuner.aws.clients import client
from tuner.aws.executions import Execution, Executions, describe
from tuner.aws.quotas import Quotas
from tuner.aws.scheduler import OneTimeSchedules
from tuner.core.errors import AccessDeniedError, EndpointFailedError, ThrottledError
from tuner.settings import InferenceSettings

AT = dt.datetime(2026, 11, 23, 16, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tuner-customization"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:tuner-customization:faq-1"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:tuner-release-throughput"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
SCHEDULE = {
    "Name": "tuner-faq-1",
    "GroupName": "group",
    "ScheduleExpression": "at(2026-11-23T14:30:00)",
    "ScheduleExpressionTimezone": "UTC",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ActionAfterCompletion": "DELETE",
    "Target": {"Arn": FUNCTION, "RoleArn": ROLE, "Input": '{"run_id": "faq-1"}'},
}
NAMED = {"Name": "tuner-faq-1", "GroupName": "group"}


def created(*calls: Any) -> dt.datetime:
    with stubbed("scheduler", *calls) as api:
        return OneTimeSchedules("group", api).create("tuner-faq-1", AT, FUNCTION, ROLE, {"run_id": "faq-1"})


def test_a_schedule_fires_once_in_utc_deletes_itself_and_is_read_back() -> None:
    arn = "arn:aws:scheduler:us-east-1:123456789012:schedule/group/tuner-faq-1"
    read_back = ("get_schedule", NAMED, {"ScheduleExpression": SCHEDULE["ScheduleExpression"]})
    assert created(("create_schedule", SCHEDULE, {"ScheduleArn": arn}), read_back) == AT


def test_an_existing_schedule_keeps_its_time() -> None:
    earlier = ("get_schedule", NAMED, {"ScheduleExpression": "at(2026-11-23T12:00:00)"})
    found = created(("create_schedule", None, "ConflictException: exists"), earlier)
    assert found == dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def test_a_missing_schedule_can_be_deleted() -> None:
    with stubbed("scheduler", ("delete_schedule", NAMED, "ResourceNotFoundException: none")) as api:
        OneTimeSchedules("group", api).delete("tuner-faq-1")


def test_the_schedules_of_the_group_are_listed_with_what_they_send() -> None:
    entry = {"Name": "tuner-faq-1", "GroupName": "group"}
    listed = ("list_schedules", {"GroupName": "group"}, {"Schedules": [entry]})
    read = ("get_schedule", NAMED, {"Target": SCHEDULE["Target"]})
    fired = ("get_schedule", NAMED, "ResourceNotFoundException: none")
    with stubbed("scheduler", listed, read, fired) as api:
        schedules = OneTimeSchedules("group", api)
        assert list(schedules.names()) == ["tuner-faq-1"]
        assert schedules.payload("tuner-faq-1") == {"run_id": "faq-1"}
        assert schedules.payload("tuner-faq-1") == {}


def test_an_execution_is_named_after_its_run() -> None:
    request = {"stateMachineArn": f"{MACHINE}:current", "name": "faq-1", "input": "{}"}
    with stubbed("stepfunctions", ("start_execution", request, {"executionArn": EXECUTION, "startDate": AT})) as api:
        assert Executions(MACHINE, api).start("faq-1", "{}") is True
    assert Executions(MACHINE, object()).arn("faq-1") == EXECUTION


def test_an_execution_that_exists_is_no_error() -> None:
    with stubbed("stepfunctions", ("start_execution", None, "ExecutionAlreadyExists: it does")) as api:
        assert Executions(MACHINE, api).start("faq-1", "{}") is False


def test_an_execution_has_a_status() -> None:
    answer = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": "PENDING_REDRIVE", "startDate": AT}
    with stubbed("stepfunctions", ("describe_execution", {"executionArn": EXECUTION}, answer)) as api:
        assert Executions(MACHINE, api).status("faq-1") == "PENDING_REDRIVE"


def test_an_unknown_execution_has_no_status() -> None:
    with stubbed("stepfunctions", ("describe_execution", None, "ExecutionDoesNotExist: none")) as api:
        assert Executions(MACHINE, api).status("faq-1") is None


@pytest.mark.parametrize(
    ("status", "redriven", "expected"),
    [
        ("RUNNING", AT + dt.timedelta(seconds=1), True),
        ("PENDING_REDRIVE", AT + dt.timedelta(seconds=1), True),
        ("ABORTED", AT + dt.timedelta(seconds=1), False),
        ("RUNNING", AT - dt.timedelta(seconds=1), False),
        ("RUNNING", None, False),
    ],
)
def test_an_execution_was_redriven_after_an_end_if_it_is_in_progress_and_its_redrive_is_later(
    status: str, redriven: dt.datetime | None, expected: bool
) -> None:
    answer = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": AT}
    if redriven:
        answer["redriveDate"] = redriven
    with stubbed("stepfunctions", ("describe_execution", {"executionArn": EXECUTION}, answer)) as api:
        assert Executions(MACHINE, api).redriven_since("faq-1", AT) is expected


def test_an_unknown_execution_was_not_redriven() -> None:
    with stubbed("stepfunctions", ("describe_execution", None, "ExecutionDoesNotExist: none")) as api:
        assert not Executions(MACHINE, api).redriven_since("faq-1", AT)


def test_an_ended_execution_has_an_error_and_a_cause() -> None:
    answer = {
        "executionArn": EXECUTION,
        "stateMachineArn": MACHINE,
        "status": "ABORTED",
        "startDate": AT,
        "error": "Stopped",
        "cause": "by me",
        "stopDate": AT + dt.timedelta(hours=1),
    }
    with stubbed("stepfunctions", ("describe_execution", None, answer)) as api:
        assert describe(EXECUTION, api) == Execution("ABORTED", AT, "Stopped", "by me", AT + dt.timedelta(hours=1))


def test_an_unknown_quota_is_none_and_a_denied_call_is_an_error() -> None:
    request = {"ServiceCode": "bedrock", "QuotaCode": "L-1"}
    with stubbed(
        "service-quotas",
        ("get_service_quota", request, {"Quota": {"Value": 2.0}}),
        ("get_service_quota", request, "NoSuchResourceException: none"),
        (
            "get_service_quota",
            request,
            "AccessDeniedException: not authorized to perform: servicequotas:GetServiceQuota",
        ),
    ) as api:
        quotas = Quotas(api)
        assert quotas.value("bedrock", "L-1") == 2
        assert quotas.value("bedrock", "L-1") is None
        with pytest.raises(AccessDeniedError, match="servicequotas:GetServiceQuota"):
            quotas.value("bedrock", "L-1")


REPLY = {
    "output": {"message": {"role": "assistant", "content": [{"text": "A "}, {"text": "bed."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
    "metrics": {"latencyMs": 5},
}


@pytest.mark.parametrize(
    ("system", "inference", "members"),
    [
        (None, InferenceSettings(), {"inferenceConfig": {"maxTokens": 512, "temperature": 0.0}}),
        (
            "Be brief.",
            InferenceSettings(max_tokens=9, temperature=0.5, top_p=0.9, stop_sequences=("END",)),
            {
                "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
                "system": [{"text": "Be brief."}],
            },
        ),
    ],
)
def test_a_question_is_asked_with_the_runs_settings(
    system: str | None, inference: InferenceSettings, members: dict[str, Any]
) -> None:
    request = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "What?"}]}], **members}
    with stubbed("bedrock-runtime", ("converse", request, REPLY)) as api:
        assert ConverseClient(api).ask("m", "What?", system, inference) == Reply("A bed.", "end_turn", 3, 4, 5)


def test_a_question_is_sent_after_the_earlier_messages() -> None:
    said = [("user", "Heavy?"), ("assistant", "A ton."), ("user", "Long?")]
    request = {
        "modelId": "m",
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in said],
        "inferenceConfig": {"maxTokens": 512, "temperature": 0.0},
    }
    earlier = [Message(role=role, text=text) for role, text in said[:-1]]
    with stubbed("bedrock-runtime", ("converse", request, REPLY)) as api:
        assert ConverseClient(api).ask("m", "Long?", None, InferenceSettings(), earlier).text == "A bed."


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("ResourceNotFoundException: no such model", EndpointFailedError),
        ("ThrottlingException: slow down", ThrottledError),
        ("AccessDeniedException: Access denied", AccessDeniedError),
    ],
)
def test_a_missing_endpoint_and_a_busy_one_are_different_errors(answer: str, kind: type[Exception]) -> None:
    with stubbed("bedrock-runtime", ("converse", None, answer)) as api, pytest.raises(kind):
        ConverseClient(api).ask("m", "What?", None, InferenceSettings())


def test_calls_name_the_version_of_the_project() -> None:
    assert f"bedrock-tuner/{__version__}" in client("sts").meta.config.user_agent.split()
