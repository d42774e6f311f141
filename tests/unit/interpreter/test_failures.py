"""Tests every state that fails, is throttled, is not ready or is stopped, in moto's interpreter."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from statemachine.definition import definition
from tests.unit.interpreter.execution_paths import (
    BEGIN,
    COSTS,
    FAILURE,
    PATHS,
    RELEASED_FAILURE,
    TO_TRAINING,
    TRAIN,
    ExecutionPath,
)
from tests.unit.interpreter.moto_interpreter import Call, Fails, execute
from tests.unit.interpreter.test_execution_paths import answer_of
from tuner.core import errors

pytestmark = pytest.mark.slow

# The path that has the state, where it is not the usual one.
PATH_OF: dict[str, str] = {
    "Plan the generation": "generated at once",
    "Estimate the cost with the generation": "generated at once",
    "Free the preparation place before the generation": "approved before the generation",
    "Ask for approval of the generation": "approved before the generation",
    "Wait for a preparation place after the approval": "approved before the generation",
    "Generate validation data": "generated at once",
    "Wait for a preparation place for the next turn": "generated in two calls",
    "Free the preparation place": "approved",
    "Ask for approval": "approved",
    "Start the batch jobs": "in batch",
    "Check the batch jobs": "in batch",
    "Start the judge's batch jobs": "judged in batch",
    "Check the judge's batch jobs": "judged in batch",
    "Ask the chosen base model": "two base models",
    "Keep the throughput": "kept, accepted",
    "Release the refused model": "kept, rejected",
    "Purchase the commitment": "committed, accepted",
}
TASKS = (
    *("Wait for a preparation place", "Pin the inputs", "Check that the account is ready", "Plan the generation"),
    *("Estimate the cost with the generation", "Free the preparation place before the generation"),
    *("Ask for approval of the generation", "Wait for a preparation place after the approval"),
    *(
        "Generate validation data",
        "Wait for a preparation place for the next turn",
    ),
    *("Preprocess the dataset", "Validate the dataset", "Estimate the cost"),
    *("Free the preparation place", "Ask for approval"),
    "Wait for a training place",
    *("Start the batch jobs", "Check the batch jobs", "Ask the base model"),
    *("Start the customization", "Check the customization", "Summarize the training"),
    "Ask the chosen base model",
    *("Arm the release switch", "Purchase throughput", "Check the throughput", "Ask the tuned model"),
    *("Release the throughput", "Start the judge's batch jobs", "Check the judge's batch jobs"),
    *("Grade one shard", "Put the scores together", "Apply the gate"),
    *("Keep the throughput", "Release the refused model", "Purchase the commitment"),
    *("Write the report", "Notify of success"),
)
# Nothing is to be released before these. Batch jobs are stopped by the release.
BEFORE_TRAINING = TASKS[: TASKS.index("Start the batch jobs")]
PLACES = (
    "Wait for a preparation place",
    "Wait for a preparation place after the approval",
    "Wait for a preparation place for the next turn",
    "Wait for a training place",
)
APPROVALS = ("Ask for approval of the generation", "Ask for approval")
RELEASES = ("Release the throughput", "Release the refused model")
INSIDE_A_MAP = ("Ask the base model", "Ask the chosen base model", "Ask the tuned model", "Grade one shard")
WAITS = ("Wait for the training", "Wait for the throughput")

OURS = sorted(name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.TunerError))
# Errors that every state retries, and errors that only the listed states retry.
RETRIED_EVERYWHERE = {"RetryableError", "ThrottledError"}
RETRIED_IN = {"CapacityBusyError": ("Start the customization",), "StillAliveError": RELEASES, "AwsError": RELEASES}
# Errors of Lambda's Invoke (from botocore) and of a function's process that a retry does not fix.
PERMANENT = (
    "Lambda.CodeArtifactUserFailedException",
    "Lambda.KMSAccessDeniedException",
    "Lambda.ResourceNotFoundException",
    "Runtime.ImportModuleError",
    "Runtime.OutOfMemory",
    "KeyError",
)
TRANSIENT = (
    "Lambda.TooManyRequestsException",
    "Lambda.EC2ThrottledException",
    "Lambda.ServiceException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
)


def path_of(state: str) -> ExecutionPath:
    """A path that has the state."""
    return PATHS[PATH_OF.get(state, "provisioned")]


def ends(state: str, error: str) -> bool:
    """Whether an error ends the run at this state."""
    return error not in RETRIED_EVERYWHERE and state not in RETRIED_IN.get(error, ())


def error_names(part: Any) -> Iterator[str]:
    """The names in every ErrorEquals of this part of the definition."""
    if isinstance(part, dict):
        yield from part.get("ErrorEquals", ())
    for entry in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from error_names(entry)


def fatal() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each state with the errors that end the run there: those that the definition names, and some of the others.

    The states take turns with the others, so that every error ends a run.
    """
    known = {*error_names(definition())}
    others = itertools.cycle(error for error in (*OURS, *PERMANENT) if error not in known)
    for state in TASKS:
        errors = {error for error in (*OURS, *PERMANENT) if error in known} | {*itertools.islice(others, 3)}
        yield state, tuple(error for error in sorted(errors) if ends(state, error))


def expected(state: str) -> tuple[str, ...]:
    """The states up to the failing one, then those of a failed run."""
    states = path_of(state).states
    until = states[: states.index(state) + 1]
    return until + (FAILURE if state in BEFORE_TRAINING else RELEASED_FAILURE)


@pytest.mark.parametrize(("state", "names"), list(fatal()), ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.thorough
def test_an_error_that_a_retry_does_not_fix_ends_the_run_at_once(state: str, names: tuple[str, ...]) -> None:
    for name in names:

        def script(call: Call, name: str = name) -> Any:
            if call.state == state:
                raise Fails(name)
            return answer_of(path_of(state), call)

        ended = execute(script)
        assert tuple(ended.states) == expected(state), name
        assert ended.attempts(state) == 1, name
        assert (ended.status, ended.error) == ("FAILED", "SaidByTheReport"), name
        (failure,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
        assert failure["error"] == name
        assert "said by" in failure["cause"]


@pytest.mark.parametrize("state", TASKS)
def test_a_run_survives_every_transient_error_in_turn(state: str) -> None:
    """One after the other in one state: each retry entry has its own count."""
    kinds = [*RETRIED_EVERYWHERE, *TRANSIENT, *(error for error, states in RETRIED_IN.items() if state in states)]
    if state in (*PLACES, *APPROVALS):
        kinds.remove("Sandbox.Timedout")
    else:
        kinds.append("States.Timeout")
        kinds.remove("Lambda.Unknown")  # the entry for crashes has two attempts: the two others use them up

    def script(call: Call) -> Any:
        if call.state == state and call.attempt <= len(kinds):
            raise Fails(kinds[call.attempt - 1])
        return answer_of(path_of(state), _first(call, state, len(kinds)))

    ended = execute(script)
    assert tuple(ended.states) == path_of(state).states
    assert ended.attempts(state) == len(kinds) + 1
    assert ended.status == "SUCCEEDED"


def _first(call: Call, state: str, failed: int) -> Call:
    """The call without the failed attempts: lists of results are counted by attempts."""
    return replace(call, attempt=call.attempt - failed) if call.state == state else call


@pytest.mark.parametrize("state", TASKS)
@pytest.mark.parametrize(
    ("name", "seconds"),
    [("CodeArtifactUserPendingException", 106), ("ResourceConflictException", 240), ("TooManyRequestsException", 7200)],
)
@pytest.mark.thorough
def test_a_run_waits_for_a_function_that_is_cold_or_throttled(state: str, name: str, seconds: float) -> None:
    began: list[float] = []

    def script(call: Call) -> Any:
        if call.state == state:
            began.append(call.slept)
            if call.slept - began[0] < seconds:
                raise Fails(f"Lambda.{name}")
        return answer_of(path_of(state), call)

    ended = execute(script)
    assert ended.attempts(state) > 2
    assert tuple(ended.states) == path_of(state).states
    assert ended.status == "SUCCEEDED"


def test_every_function_may_be_cold_in_one_run() -> None:
    """As after weeks without a run: each function becomes active after its first call."""
    woken: dict[str, float] = {}

    def script(call: Call) -> Any:
        since = woken.setdefault(call.function, call.slept)
        if call.slept - since < 106:
            raise Fails("Lambda.CodeArtifactUserPendingException")
        return answer_of(PATHS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.states) == PATHS["provisioned"].states
    assert ended.status == "SUCCEEDED"
    assert len(woken) >= 15


@pytest.mark.parametrize("release", [*RELEASES, "Release after a failure"])
def test_a_release_is_retried_through_six_hours_of_throttling_and_half_an_hour_of_refusals(release: str) -> None:
    began: list[float] = []

    def script(call: Call) -> Any:
        if call.state == release:
            began.append(call.slept)
            waited = call.slept - began[0]
            if waited < 6 * 3600:
                raise Fails("Lambda.TooManyRequestsException")
            if waited < 6.5 * 3600:
                raise Fails("StillAliveError")
        if release == "Release after a failure" and call.state == "Ask the tuned model":
            raise Fails("AccessDeniedError")
        return answer_of(path_of(release), call)

    ended = execute(script)
    assert tuple(ended.states) == (
        expected("Ask the tuned model") if release not in RELEASES else path_of(release).states
    )


def test_a_failed_release_is_retried_in_the_other_state_and_then_reported() -> None:
    def script(call: Call) -> Any:
        if call.function == "ReleaseThroughput":
            raise Fails("AccessDeniedError")
        return answer_of(PATHS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.states) == expected("Release the throughput")
    (failure,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
    assert failure["error"] == "AccessDeniedError"
    assert "said by" in failure["release_cause"]


@pytest.mark.parametrize("state", ["Report the failure", "Notify of the failure"])
def test_a_failure_that_cannot_be_reported_ends_the_run_with_its_error(state: str) -> None:
    def script(call: Call) -> Any:
        if call.state in ("Validate the dataset", state):
            raise Fails("DatasetError" if call.state != state else "AccessDeniedError")
        return answer_of(PATHS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.states) == (*BEGIN, *COSTS[:2], *FAILURE[: FAILURE.index(state) + 1], "The run failed")
    assert (ended.status, ended.error) == (
        "FAILED", "DatasetError" if state == "Report the failure" else "SaidByTheReport",
    )  # fmt: skip


@pytest.mark.parametrize("state", TASKS)
def test_a_stopped_execution_enters_no_further_state(state: str) -> None:
    def script(call: Call) -> Any:
        if call.state == state:
            call.stop()
        return answer_of(path_of(state), call)

    ended = execute(script)
    # An execution that is stopped inside a Map is FAILED in this interpreter, and ABORTED on AWS.
    assert ended.status == ("FAILED" if state in INSIDE_A_MAP else "ABORTED")
    states = path_of(state).states
    assert tuple(ended.states) == states[: states.index(state) + 1]
    assert ended.calls[-1].state == state


@pytest.mark.parametrize("state", WAITS)
def test_an_execution_that_is_stopped_during_a_wait_enters_no_further_state(state: str) -> None:
    ended = execute(lambda call: answer_of(PATHS["provisioned"], call), stop_in_wait=state)
    assert ended.status == "ABORTED"
    assert ended.states[-1] == state


def test_a_generating_run_that_waits_for_days_between_two_turns_keeps_its_position_and_goes_on() -> None:
    """As with 1,000 datasets that are uploaded at once and all need generated data."""
    waits = "Wait for a preparation place for the next turn"

    def script(call: Call) -> Any:
        if call.state == waits and call.attempt <= 2:
            raise Fails("States.Timeout")
        return answer_of(PATHS["generated in three calls"], call)

    ended = execute(script)
    assert ended.status == "SUCCEEDED"
    waited = [call.payload["waiting"]["again"] for call in ended.calls if call.state == waits]
    assert waited == [True, False, False, True], "only a run that has a place gives one away"


def test_a_generating_run_does_not_wait_for_a_place_for_ever() -> None:
    waits = "Wait for a preparation place for the next turn"

    def script(call: Call) -> Any:
        if call.state == waits:
            raise Fails("States.Timeout")
        return answer_of(PATHS["generated in two calls"], call)

    ended = execute(script)
    assert ended.attempts(waits) == 59
    (failure,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
    assert failure["error"] == "GenerationError"


def test_a_run_waits_for_hours_until_the_account_can_start_another_job() -> None:
    def script(call: Call) -> Any:
        if call.state == TRAIN[0] and call.slept < 16 * 3600:
            raise Fails("CapacityBusyError")
        return answer_of(PATHS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.states[: len(TO_TRAINING)]) == TO_TRAINING
    assert ended.status == "SUCCEEDED"
