"""Functions that are Pending or Inactive, throttled functions, and the services that invoke them."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from ministack.services import lambda_svc, stepfunctions

from local.patches.events import asynchronous_events
from local.patches.lambda_functions import account_limits, function_states
from local.patches.lambda_functions.function_states import INITIALIZING, PENDING, Readiness
from local.patches.settings import PatchSettings

SETTINGS = PatchSettings(pending=5, idle=100)


class TestReadiness:
    @pytest.fixture(autouse=True)
    def one(self):
        self.now = 0.0
        self.function = Readiness(SETTINGS, lambda: self.now)

    def at(self, seconds):
        self.now = seconds
        return self.function.call()

    def test_a_new_function_is_pending_for_a_while_from_its_first_call(self):
        assert [self.at(second) for second in (50, 54, 55)] == [PENDING, PENDING, None]

    def test_looking_at_a_new_function_shows_it_become_active(self):
        states = []
        for self.now in (50, 54, 55):
            states.append(self.function.look())
        assert states == ["Pending", "Pending", "Active"]

    def test_an_idle_function_is_inactive_and_initialized_by_a_call(self):
        self.at(0)
        assert self.at(5) is None
        self.now = 106
        assert self.function.look() == "Inactive"
        assert [self.at(second) for second in (200, 204, 205)] == [INITIALIZING, INITIALIZING, None]

    def test_a_used_function_stays_active(self):
        assert [self.at(second) for second in (0, 5, 100, 200, 300)] == [PENDING, None, None, None, None]

    def test_zero_disables_both_states(self):
        self.function = Readiness(PatchSettings(pending=0, idle=0), lambda: self.now)
        assert [self.at(second) for second in (0, 10**6)] == [None, None]


@pytest.fixture
def cloud(monkeypatch):
    """Both patches, installed around a function that counts its runs."""
    runs: list[object] = []
    pauses: list[float] = []
    for name in ("_execute_function", "_invoke", "_get_function", "_get_function_config", "_throttle_response"):
        monkeypatch.setattr(lambda_svc, name, getattr(lambda_svc, name))
    monkeypatch.setattr(lambda_svc, "_execute_function", lambda f, event: runs.append(event) or {"body": "done"})

    async def invoke(name, event, headers):
        return 200, {}, b"done"

    monkeypatch.setattr(lambda_svc, "_invoke", invoke)
    monkeypatch.setattr(lambda_svc, "_schedule_state_transition", None)
    monkeypatch.setattr(lambda_svc, "_functions", {"f": {"config": {"FunctionName": "f", "FunctionArn": "x"}}})
    monkeypatch.setattr(lambda_svc, "_function_config_scope_mismatch", lambda config: False)
    monkeypatch.setattr(lambda_svc, "invoke_async_with_retry", lambda f, event: lambda_svc._execute_function(f, event))
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(function_states, "patch_settings", lambda: PatchSettings(pending=0.2, idle=0))
    function_states.install()
    asynchronous_events.install()
    return SimpleNamespace(runs=runs, pauses=pauses, function=lambda_svc._functions["f"])


def test_a_state_machine_sees_the_name_that_aws_reports(cloud, monkeypatch):
    monkeypatch.setattr(lambda_svc, "_get_func_record_for_ref", lambda ref: (cloud.function, {"x": 1}, "f"))
    monkeypatch.setattr(lambda_svc, "_execution_record_for_config", lambda function, config: cloud.function)
    monkeypatch.setattr(lambda_svc, "_execute_function_with_config_scope", lambda_svc._execute_function)
    with pytest.raises(stepfunctions._ExecutionError) as raised:
        stepfunctions._call_lambda("f", {})
    assert raised.value.error == "Lambda.ResourceConflictException"
    assert "in the following state: Pending" in raised.value.cause
    assert cloud.runs == []


def test_a_request_is_refused_with_409(cloud):
    status, _, body = asyncio.run(lambda_svc._invoke("f", {}, {}))
    assert (status, json.loads(body)["__type"]) == (409, "ResourceConflictException")
    cloud.function["local readiness"].state = "Inactive"
    status, _, body = asyncio.run(lambda_svc._invoke("f", {}, {}))
    assert (status, json.loads(body)["__type"]) == (409, "CodeArtifactUserPendingException")


def test_an_asynchronous_invocation_is_retried_until_the_function_is_ready(cloud, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda pause: setattr(cloud.function["local readiness"], "state", "Active"))
    assert lambda_svc.invoke_async_with_retry(cloud.function, "event") == {"body": "done"}
    assert cloud.runs == ["event"]


def test_the_pauses_of_throttled_invocations_grow(cloud, monkeypatch):
    throttled = iter([{"throttle": True}] * 7)
    monkeypatch.setattr(lambda_svc, "_execute_function", lambda f, event: next(throttled, {"body": "done"}))
    asynchronous_events.install()
    assert lambda_svc.invoke_async_with_retry(cloud.function, "event") == {"body": "done"}
    assert cloud.pauses == [1, 2, 4, 8, 16, 30, 30]


def test_a_throttled_function_has_the_name_that_step_functions_reports(monkeypatch):
    named = account_limits._named(lambda_svc._throttle_response)
    assert named(reason_code="ConcurrentInvocationLimitExceeded", msg="Rate exceeded")["body"]["errorType"] == (
        "Lambda.TooManyRequestsException"
    )
