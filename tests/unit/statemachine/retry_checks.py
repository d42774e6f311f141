"""The rules for the retries of the definition. Each check raises an AssertionError that names the state."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import botocore.session

from tests.unit.statemachine.machine import Machine, waits_for_a_token
from tuner.core import errors

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
STEP_FUNCTIONS = {"States.ALL", "States.Timeout", "Sandbox.Timedout"} | {
    f"Lambda.{name}"
    for name in ("Unknown", "ClientExecutionTimeoutException", "AWSLambdaException", "SdkClientException")
}
# What lambda:Invoke raises, of botocore's model.
_INVOKE = botocore.session.get_session().get_service_model("lambda").operation_model("Invoke")
LAMBDA = {f"Lambda.{shape.name}" for shape in _INVOKE.error_shapes}
BUILT_IN = STEP_FUNCTIONS | LAMBDA
# What ends by itself: the code being made ready, a service's failure, another's use of a limit.
TEMPORARY = (STEP_FUNCTIONS - {"States.ALL"}) | {
    f"Lambda.{name}"
    for name in (
        "CodeArtifactUserPendingException",
        "ResourceNotReadyException",
        "ResourceConflictException",
        "ENINotReadyException",
        "TooManyRequestsException",
        "EC2ThrottledException",
        "EC2UnexpectedException",
        "ENILimitReachedException",
        "SubnetIPAddressLimitReachedException",
        "ServiceException",
    )
}
OURS = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.TunerError)}
RETRYABLE = {name for name in OURS if issubclass(getattr(errors, name), errors.RetryableError)}


def every_task_retries_temporary_errors(machine: Machine) -> None:
    for name, state, _ in machine.every_state():
        if state["Type"] != "Task":
            continue
        retried = [error for entry in state["Retry"] for error in entry["ErrorEquals"]]
        temporary = TEMPORARY | {"RetryableError", "ThrottledError"}
        assert temporary - ({"States.Timeout"} if waits_for_a_token(state) else set()) <= set(retried), name
        assert set(retried) & BUILT_IN <= TEMPORARY, f"{name}: a retry does not help against {set(retried) & BUILT_IN}"
        assert len(retried) == len(set(retried)), f"{name}: only the first entry for an error counts"
        for entry in state["Retry"]:
            assert entry["JitterStrategy"] in ("FULL", "NONE"), name
            assert entry["BackoffRate"] > 1, name
            assert entry["MaxAttempts"] >= 2, name


def the_first_entry_waits_until_a_function_is_ready(machine: Machine) -> None:
    """Wherever it is called: functions become Inactive one by one."""
    for name, state, _ in machine.every_state():
        if state["Type"] == "Task":
            first = state["Retry"][0]
            assert "Lambda.CodeArtifactUserPendingException" in first["ErrorEquals"], name
            assert least_seconds(first) >= 4 * 60, name


def throttled_invocations_are_retried_for_hours(machine: Machine) -> None:
    """Longest where something is paid for until it is released."""
    releases = machine.calling("ReleaseThroughput")
    for name, state, _ in machine.every_state():
        if state["Type"] == "Task":
            (entry,) = [one for one in state["Retry"] if "Lambda.TooManyRequestsException" in one["ErrorEquals"]]
            assert least_seconds(entry) >= (6 if name in releases else 2) * 3600, name


def eventual_consistency_is_retried_for_minutes(machine: Machine) -> None:
    """Bedrock's reads may miss what was just created: such a miss is a RetryableError."""
    for name, state, _ in machine.every_state():
        if state["Type"] == "Task":
            (entry,) = [one for one in state["Retry"] if "RetryableError" in one["ErrorEquals"]]
            assert least_seconds(entry) >= 5 * 60, name


def every_retry_entry_is_valid(machine: Machine) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    for name, state, _ in machine.every_state():
        for entry in state.get("Retry", ()):
            assert 0 < entry["IntervalSeconds"] < 100_000_000, name
            assert 0 <= entry["MaxAttempts"] < 100_000_000, name
            assert entry["IntervalSeconds"] < entry["MaxDelaySeconds"] < 31_622_400, name


def least_seconds(entry: Mapping[str, Any]) -> float:
    """How long an entry asks again at least, in 99 of 100 cases. With full jitter a wait is uniform from 0 to its most.

    The sum of many uniform waits is about normal.
    """
    waits = [
        min(entry["IntervalSeconds"] * entry["BackoffRate"] ** attempt, entry["MaxDelaySeconds"])
        for attempt in range(entry["MaxAttempts"])
    ]
    if entry["JitterStrategy"] == "NONE":
        return sum(waits)
    spread = NormalDist(sum(waits) / 2, math.sqrt(sum(wait**2 for wait in waits) / 12))
    return spread.inv_cdf(0.01)


def every_error_of_a_state_is_defined(machine: Machine) -> None:
    """What stands in a failure as a plain text is an error's name, which docs/errors.md explains."""
    for name, state in machine.states.items():
        for entry in (state, *state.get("Catch", ())):
            given = entry.get("Assign", {}).get("failure", {})
            error = given.get("error", "{%") if isinstance(given, dict) else "{%"
            assert error.startswith("{%") or error in OURS, f"{name}: {error}"


def every_error_name_exists(machine: Machine) -> None:
    for name, state, _ in machine.every_state():
        for entry in (*state.get("Retry", ()), *state.get("Catch", ())):
            assert set(entry["ErrorEquals"]) <= OURS | BUILT_IN, name


def every_retryable_error_is_retried_somewhere(machine: Machine) -> None:
    """A subclass is matched by its own name only."""
    retried = {
        error
        for _, state, _ in machine.every_state()
        for entry in state.get("Retry", ())
        for error in entry["ErrorEquals"]
    }
    assert retried >= RETRYABLE, RETRYABLE - retried
