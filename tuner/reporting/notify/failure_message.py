"""Turns the error and cause that Step Functions reports into one message that says what to do."""

from __future__ import annotations

import json
import re

from tuner.artifacts.report import Failure
from tuner.core.text_sanitizer import one_line, without_links

# Limits of the Fail state: it accepts 32,768 characters of cause and 256 of error.
_LONGEST_CAUSE = 32_000
_LONGEST_ERROR = 256
# A longer last line is itself cut, because leaving it out would lose too much of the message.
_LONGEST_LINE_LEFT_OUT = 1_000
_LONGEST_ALARM = 4_000

# Explanations of AWS's errors. They come before AWS's own message. The pipeline's own errors need none.
_EXPLANATIONS: dict[str, str] = {
    "States.Timeout": ("A step reached its time limit. Its log in CloudWatch says how far it came. Repeat the run."),
    "States.HeartbeatTimeout": "A step sent no heartbeat in time. Its log in CloudWatch says how far it came.",
    "States.ExceedToleratedFailureThreshold": (
        "Too many shards of the questions failed. The log of the function answer_questions says why."
    ),
    "States.ItemReaderFailed": "The list of shards could not be read from the run's folder.",
    "States.ResultWriterFailed": "The shards' results could not be written to the run's folder.",
    "States.DataLimitExceeded": "A step returned more than Step Functions accepts (256 KB). Please report this.",
    "States.Permissions": (
        "The state machine's role lacks a permission that a step needs. The message below names the action."
    ),
    "States.QueryEvaluationError": "An expression of the state machine could not be evaluated. Please report this.",
    "States.Runtime": "The state machine could not process the result of a step. Please report this.",
    "Sandbox.Timedout": "A function reached its time limit. Fewer questions per shard (shard_size) make it faster.",
    "Runtime.OutOfMemory": "A function ran out of memory. Its log in CloudWatch names the step.",
    "Runtime.ExitError": (
        "A function's process ended, most often because it ran out of memory. Its log in CloudWatch says more."
    ),
    "Runtime.ImportModuleError": "A module is missing in a function's bundle. Build the bundles again and deploy.",
}
_STILL_PAID = (
    "After that, the release failed too, so throughput may still cost money by the hour. The release schedule and the "
    "hourly sweep try again; 'tuner throughput' shows what exists. The release failed because:"
)
_KILLED = re.compile(r"signal: killed|OutOfMemory", re.IGNORECASE)


def step_failure(error: str | None, cause: str | None, release_cause: str | None = None) -> Failure:
    """The failure of a step, from the `Error` and `Cause` that Step Functions caught.

    `release_cause` is the cause of a release that failed afterwards. The cause of a Lambda function is a JSON document
    with errorType and errorMessage, which can be cut off. Other causes are plain text or absent.
    """
    kind, message = _lambda_error(cause or "")
    name = kind or error or "UnknownError"
    if name == "Runtime.ExitError" and _KILLED.search(message):
        name = "Runtime.OutOfMemory"
    parts = [part for part in (_EXPLANATIONS.get(name) or _EXPLANATIONS.get(error or ""), message.strip()) if part]
    text = "\n".join(parts) or f"{name}, without a message. The execution's history and the step's log say more."
    alarm = ""
    if release_cause is not None:
        reason = without_links(_lambda_error(release_cause)[1].strip())
        alarm = f"\n{_shortened(f'{_STILL_PAID} {reason}', _LONGEST_ALARM)}"
    # The alarm is never shortened: the endpoint is charged by the hour.
    message = _shortened(without_links(text), _LONGEST_CAUSE - len(alarm)) + alarm
    return Failure(error=one_line(name, _LONGEST_ERROR), message=message)


def without_alarm(message: str) -> str:
    """The message of a failure without the warning about costs, for a run that left no paid resources."""
    return message.partition(f"\n{_STILL_PAID}")[0]


def _lambda_error(cause: str) -> tuple[str | None, str]:
    """(errorType, errorMessage), or (None, cause) when the cause is not from a function."""
    try:
        document = json.loads(cause)
    except (ValueError, RecursionError):
        return _truncated_lambda_error(cause)
    if not isinstance(document, dict) or "errorMessage" not in document:
        return None, cause
    return document.get("errorType"), str(document["errorMessage"])


def _truncated_lambda_error(cause: str) -> tuple[str | None, str]:
    """Reads a cause that Step Functions cut off at 32 KB, which is JSON without its end."""
    message = re.match(r'\s*\{\s*"errorMessage"\s*:\s*"((?:[^"\\]|\\.)*)', cause)
    if not message:
        return None, cause
    kind = re.search(r'"errorType"\s*:\s*"([^"]*)"', cause[message.end() :])
    whole_escapes = re.sub(r"\\u[0-9a-fA-F]{0,3}$", "", message[1])
    return kind and kind[1], json.loads(f'"{whole_escapes}"', strict=False)


def _shortened(text: str, longest: int) -> str:
    """The text within a limit: cut after a line if possible, and marked as incomplete."""
    if len(text) <= longest:
        return text
    end = text.rfind("\n", longest - _LONGEST_LINE_LEFT_OUT, longest)
    kept = text[: end if end >= 0 else longest]
    return f"{kept}\n(This message is shortened. The execution's history has the whole one.)"


_ENDED = {
    "ABORTED": ("Stopped", "The run was stopped in the console or with tuner stop."),
    "TIMED_OUT": ("TimedOut", "The run reached the time limit of the state machine, so Step Functions ended it."),
}


def execution_failure(status: str, error: str | None, cause: str | None) -> Failure:
    """The failure of an execution that ended before it wrote its report. Who stopped it may have given a cause."""
    if status not in _ENDED:
        return step_failure(error, cause)
    name, explanation = _ENDED[status]
    given = step_failure(error, cause).message if cause else ""
    return Failure(error=error or name, message="\n".join(part for part in (explanation, given) if part))
