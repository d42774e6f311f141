"""What happens when a state fails, is not ready, is throttled or is stopped: each state, each kind."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.interpreter.second import Call, Fails, execute
from tests.unit.interpreter.test_ways import answering
from tests.unit.interpreter.ways import BEGIN, COSTS, FAILURE, RELEASED_FAILURE, TO_TRAINING, TRAIN, WAYS, Way
from tuner.core import errors

# The way on which each state is met.
ON_WAY: dict[str, str] = {
    "Generate validation data": "generated at once",
    "Ask for approval": "approved",
    "Keep the throughput": "kept, accepted",
    "Release the refused model": "kept, rejected",
    "Purchase the commitment": "committed, accepted",
}
TASKS = (
    *("Pin the inputs", "Check that the account is ready", "Generate validation data"),
    *("Preprocess the dataset", "Validate the dataset", "Estimate the cost", "Ask for approval", "Ask the base model"),
    *("Start the customization", "Check the customization", "Summarize the training"),
    *("Arm the release switch", "Purchase throughput", "Check the throughput", "Ask the tuned model"),
    *("Release the throughput", "Grade one shard", "Put the scores together", "Apply the gate"),
    *("Keep the throughput", "Release the refused model", "Purchase the commitment"),
    *("Write the report", "Notify of success"),
)
BEFORE_TRAINING = TASKS[: TASKS.index("Start the customization")]
RELEASES = ("Release the throughput", "Release the refused model")
INSIDE_A_MAP = ("Ask the base model", "Ask the tuned model", "Grade one shard")
WAITS = ("Wait for the training", "Wait for the throughput")

OURS = sorted(name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.TunerError))
# Asked again everywhere, or in the states that are named beside it.
EVERYWHERE = {"RetryableError", "ThrottledError"}
ASKED_AGAIN = {"CapacityBusyError": ("Start the customization",), "StillAliveError": RELEASES, "AwsError": RELEASES}
# Names that Lambda's Invoke gives (botocore) and that no waiting mends, and what becomes of a function's process.
LAMBDAS = (
    "Lambda.CodeArtifactUserFailedException",
    "Lambda.KMSAccessDeniedException",
    "Lambda.ResourceNotFoundException",
    "Runtime.ImportModuleError",
    "Runtime.OutOfMemory",
    "KeyError",
)
PASSING = (
    "Lambda.TooManyRequestsException",
    "Lambda.EC2ThrottledException",
    "Lambda.ServiceException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
)


def way_of(state: str) -> Way:
    """The way on which a state is met."""
    return WAYS[ON_WAY.get(state, "provisioned")]


def ends(state: str, error: str) -> bool:
    """Whether an error ends the run at this state."""
    return error not in EVERYWHERE and state not in ASKED_AGAIN.get(error, ())


def fatal() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each state with the errors that end the run there."""
    for state in TASKS:
        yield state, tuple(error for error in (*OURS, *LAMBDAS) if ends(state, error))


def expected(state: str) -> tuple[str, ...]:
    """The way until the state fails, then the failure's own."""
    way = way_of(state).states
    until = way[: way.index(state) + 1]
    return until + (FAILURE if state in BEFORE_TRAINING else RELEASED_FAILURE)


@pytest.mark.parametrize(("state", "names"), list(fatal()), ids=lambda value: value if isinstance(value, str) else "")
def test_an_error_that_asking_again_does_not_mend_ends_the_run_at_once(state: str, names: tuple[str, ...]) -> None:
    for name in names:

        def script(call: Call, name: str = name) -> Any:
            if call.state == state:
                raise Fails(name)
            return answering(way_of(state), call)

        ended = execute(script)
        assert tuple(ended.way) == expected(state), name
        assert ended.attempts(state) == 1, name
        assert (ended.status, ended.error) == ("FAILED", "SaidByTheReport"), name
        (told,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
        assert told["error"] == name
        assert "said by" in told["cause"]


@pytest.mark.parametrize("state", TASKS)
def test_every_passing_error_in_turn_is_survived(state: str) -> None:
    """In one state, one after the other: each retry entry has its own count."""
    kinds = [*EVERYWHERE, *PASSING, *(error for error, states in ASKED_AGAIN.items() if state in states)]
    if state == "Ask for approval":
        kinds.remove("Sandbox.Timedout")
    else:
        kinds.append("States.Timeout")
        kinds.remove("Lambda.Unknown")  # the entry for crashes has two attempts: the two others use them up

    def script(call: Call) -> Any:
        if call.state == state and call.attempt <= len(kinds):
            raise Fails(kinds[call.attempt - 1])
        return answering(way_of(state), _first(call, state, len(kinds)))

    ended = execute(script)
    assert tuple(ended.way) == way_of(state).states
    assert ended.attempts(state) == len(kinds) + 1
    assert ended.status == "SUCCEEDED"


def _first(call: Call, state: str, failed: int) -> Call:
    """The call as if nothing had failed before: lists of answers are counted by attempts."""
    return replace(call, attempt=call.attempt - failed) if call.state == state else call


@pytest.mark.parametrize("state", TASKS)
@pytest.mark.parametrize(
    ("name", "seconds"),
    [("CodeArtifactUserPendingException", 106), ("ResourceConflictException", 240), ("TooManyRequestsException", 7200)],
)
def test_a_function_that_is_cold_or_throttled_for_a_time_is_waited_for(state: str, name: str, seconds: float) -> None:
    began: list[float] = []

    def script(call: Call) -> Any:
        if call.state == state:
            began.append(call.slept)
            if call.slept - began[0] < seconds:
                raise Fails(f"Lambda.{name}")
        return answering(way_of(state), call)

    ended = execute(script)
    assert ended.attempts(state) > 2
    assert tuple(ended.way) == way_of(state).states
    assert ended.status == "SUCCEEDED"


def test_every_function_may_be_cold_in_one_run() -> None:
    """As after weeks without a run: each wakes up at its first call."""
    woken: dict[str, float] = {}

    def script(call: Call) -> Any:
        since = woken.setdefault(call.function, call.slept)
        if call.slept - since < 106:
            raise Fails("Lambda.CodeArtifactUserPendingException")
        return answering(WAYS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.way) == WAYS["provisioned"].states
    assert ended.status == "SUCCEEDED"
    assert len(woken) >= 15


@pytest.mark.parametrize("release", [*RELEASES, "Release after a failure"])
def test_a_release_outlasts_six_hours_of_throttling_and_half_an_hour_of_refusals(release: str) -> None:
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
        return answering(way_of(release), call)

    ended = execute(script)
    assert tuple(ended.way) == (expected("Ask the tuned model") if release not in RELEASES else way_of(release).states)


def test_a_release_that_fails_is_tried_in_the_other_state_and_then_told() -> None:
    def script(call: Call) -> Any:
        if call.function == "ReleaseThroughput":
            raise Fails("AccessDeniedError")
        return answering(WAYS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.way) == expected("Release the throughput")
    (told,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
    assert told["error"] == "AccessDeniedError"
    assert "said by" in told["release_cause"]


@pytest.mark.parametrize("state", ["Report the failure", "Notify of the failure"])
def test_a_failure_that_cannot_be_told_still_ends_the_run_with_its_error(state: str) -> None:
    def script(call: Call) -> Any:
        if call.state in ("Validate the dataset", state):
            raise Fails("DatasetError" if call.state != state else "AccessDeniedError")
        return answering(WAYS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.way) == (*BEGIN, *COSTS[:2], *FAILURE[: FAILURE.index(state) + 1], "The run failed")
    assert (ended.status, ended.error) == (
        "FAILED", "DatasetError" if state == "Report the failure" else "SaidByTheReport",
    )  # fmt: skip


@pytest.mark.parametrize("state", TASKS)
def test_an_execution_that_is_stopped_does_nothing_more(state: str) -> None:
    def script(call: Call) -> Any:
        if call.state == state:
            call.stop()
        return answering(way_of(state), call)

    ended = execute(script)
    # This interpreter calls the execution FAILED when it was stopped inside a Map; Step Functions calls it ABORTED.
    assert ended.status == ("FAILED" if state in INSIDE_A_MAP else "ABORTED")
    way = way_of(state).states
    assert tuple(ended.way) == way[: way.index(state) + 1]
    assert ended.calls[-1].state == state


@pytest.mark.parametrize("state", WAITS)
def test_an_execution_that_is_stopped_while_it_waits_does_nothing_more(state: str) -> None:
    ended = execute(lambda call: answering(WAYS["provisioned"], call), stop_in_wait=state)
    assert ended.status == "ABORTED"
    assert ended.way[-1] == state


def test_a_training_place_is_waited_for_for_hours() -> None:
    def script(call: Call) -> Any:
        if call.state == TRAIN[0] and call.slept < 16 * 3600:
            raise Fails("CapacityBusyError")
        return answering(WAYS["provisioned"], call)

    ended = execute(script)
    assert tuple(ended.way[: len(TO_TRAINING)]) == TO_TRAINING
    assert ended.status == "SUCCEEDED"
