"""Asynchronous invocations by events, and stopped executions."""

import json

import pytest
from ministack.services import eventbridge, lambda_svc, stepfunctions

from local.patches.events import asynchronous_events
from local.patches.step_functions import stopped_executions


@pytest.fixture
def installed(monkeypatch):
    """Both patches, installed on top of recorders for one test."""
    seen: dict[str, list] = {"invoked": [], "failed": []}
    monkeypatch.setattr(eventbridge, "_dispatch_to_lambda", None)
    monkeypatch.setattr(lambda_svc, "_get_func_record_for_ref", lambda arn: ({"arn": arn}, {"name": "f"}, "f"))
    monkeypatch.setattr(lambda_svc, "_execution_record_for_config", lambda function, config: function)
    monkeypatch.setattr(lambda_svc, "invoke_async_with_retry", lambda f, event: seen["invoked"].append((f, event)))
    monkeypatch.setattr(stepfunctions, "_invoke_resource", lambda resource, arguments: "done")
    monkeypatch.setattr(stepfunctions, "_invoke_with_callback", lambda *_: "done")
    monkeypatch.setattr(stepfunctions, "_fail_execution", lambda execution, *error: seen["failed"].append(error))
    monkeypatch.setattr(
        stepfunctions, "_execute_task", lambda *_: stepfunctions._invoke_resource("arn:aws:states:::lambda:invoke", {})
    )
    asynchronous_events.install()
    stopped_executions.install()
    return seen


def test_an_event_is_invoked_with_retries(installed):
    eventbridge._dispatch_to_lambda("arn:f", json.dumps({"detail": {}}))
    assert installed["invoked"] == [({"arn": "arn:f"}, {"detail": {}})]


def test_an_event_for_a_deleted_function_is_dropped(installed, monkeypatch):
    monkeypatch.setattr(lambda_svc, "_get_func_record_for_ref", lambda arn: (None, None, "f"))
    eventbridge._dispatch_to_lambda("arn:f", "{}")
    assert installed["invoked"] == []


def test_a_running_execution_calls_its_functions_and_may_fail(installed):
    running = {"status": "RUNNING"}
    assert stepfunctions._execute_task({}, {}, running, {}) == "done"
    stepfunctions._fail_execution(running, "SomeError", "why")
    assert installed["failed"] == [("SomeError", "why")]


def test_a_stopped_execution_calls_nothing_more_and_stays_stopped(installed):
    stopped = {"status": "ABORTED"}
    with pytest.raises(Exception, match="the execution is ABORTED"):
        stepfunctions._execute_task({}, {}, stopped, {})
    stepfunctions._fail_execution(stopped, "SomeError", "why")
    assert installed["failed"] == []
