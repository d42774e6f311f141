"""Messages from the errors that Step Functions reports."""

import json

import pytest

from tuner.reporting import execution_failure, step_failure
from tuner.reporting.notify.failure_message import without_alarm


def cause(message: str, kind: str = "DatasetError") -> str:
    """A Lambda function's cause, in AWS's order of keys."""
    return json.dumps({"errorMessage": message, "errorType": kind, "requestId": "r", "stackTrace": ["  File x"]})


def test_a_functions_cause_becomes_its_class_and_its_message() -> None:
    found = step_failure("DatasetError", cause("training.jsonl, line 3: not JSON.\nMend it — and “upload” again."))
    assert found.error == "DatasetError"
    assert found.message == "training.jsonl, line 3: not JSON.\nMend it — and “upload” again."


def test_the_class_in_the_cause_replaces_the_name_of_the_service() -> None:
    assert step_failure("Runtime.HandlerError", cause("no", "QuotaError")).error == "QuotaError"


@pytest.mark.parametrize("end", [40, 50_000])
def test_a_cause_that_was_cut_off_still_gives_its_message(end: int) -> None:
    long = cause("é\n" * 40_000)[:end]
    found = step_failure("DatasetError", long)
    assert found.error == "DatasetError"
    assert found.message.startswith("é\né")
    assert "errorMessage" not in found.message
    assert len(found.message) <= 32_768


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("x" * 40_000, 32_000),
        ("A first line.\n" + "x" * 40_000, 32_000),
        ("x" * 31_500 + "\n" + "y" * 40_000, 31_500),
    ],
    ids=["one line", "a long second line", "a line break near the limit"],
)
def test_a_long_message_is_shortened_and_says_so(message: str, kept: int) -> None:
    found = step_failure("DatasetError", cause(message)).message
    assert found == message[:kept] + "\n(This message is shortened. The execution's history has the whole one.)"


def test_a_message_at_the_limit_is_whole() -> None:
    assert step_failure("DatasetError", cause("x" * 32_000)).message == "x" * 32_000


def test_a_timeout_has_an_explanation() -> None:
    found = step_failure("States.Timeout", "")
    assert found.error == "States.Timeout"
    assert "reached its time limit" in found.message


def test_a_killed_process_is_out_of_memory() -> None:
    message = "RequestId: 1 Error: Runtime exited with error: signal: killed"
    found = step_failure("Runtime.ExitError", cause(message, "Runtime.ExitError"))
    assert found.error == "Runtime.OutOfMemory"
    assert "memory" in found.message
    assert message in found.message


@pytest.mark.parametrize("text", ["not JSON", '["a list"]', '{"other": 1}', "12"])
def test_a_plain_cause_stays_as_it_is(text: str) -> None:
    assert step_failure("Lambda.TooManyRequestsException", text).message == text


def test_a_failed_map_without_a_cause_says_where_to_look() -> None:
    found = step_failure("States.ExceedToleratedFailureThreshold", None)
    assert "shards" in found.message


def test_an_error_without_a_message_says_where_to_look() -> None:
    assert "history" in step_failure("Odd", None).message
    assert step_failure(None, None).error == "UnknownError"


def test_the_cause_of_a_stop_is_in_the_message() -> None:
    found = execution_failure("ABORTED", None, "wrong dataset")
    assert found.error == "Stopped"
    assert "was stopped" in found.message
    assert found.message.endswith("wrong dataset")


def test_a_run_that_timed_out_has_a_message_without_a_cause() -> None:
    assert execution_failure("TIMED_OUT", "States.Timeout", None).message.startswith("The run reached the time limit")


def test_a_failed_run_keeps_its_own_failure() -> None:
    assert execution_failure("FAILED", "QuotaError", "too few units").message == "too few units"


def test_the_failure_comes_before_the_release_that_failed_after_it() -> None:
    found = step_failure("EvaluationError", cause("No answers."), cause("Bedrock says: Conflict.", "StillAliveError"))
    assert found.message.startswith("No answers.\nAfter that, the release failed too")
    assert found.message.endswith("Bedrock says: Conflict.")
    assert without_alarm(found.message) == "No answers."
    assert without_alarm("No answers.") == "No answers."


def test_the_warning_about_money_is_never_cut_off() -> None:
    found = step_failure("DatasetError", "a line\n" * 20_000, "Conflict. " * 20_000)
    assert len(found.message) <= 32_768
    assert "throughput may still cost money by the hour" in found.message
