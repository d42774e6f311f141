"""What Step Functions says of an error, as one message that a person can act on."""

from __future__ import annotations

import json
import re

from tuner.artifacts.report import Failure

# A Fail state takes no longer cause, and no longer error name.
_LONGEST_CAUSE = 32_000
_LONGEST_ERROR = 256

# Errors that are not ours. A step's own message says more, so these stand in front of AWS's words.
_SAID: dict[str, str] = {
    "States.Timeout": (
        "A step took longer than it may and was given up. Its log in CloudWatch says how far it came; "
        "start the run again with tuner run --again."
    ),
    "States.HeartbeatTimeout": "A step stopped giving signs of life. Its log in CloudWatch says how far it came.",
    "States.ExceedToleratedFailureThreshold": (
        "Too many shards of the questions failed. The log of the answering function says why."
    ),
    "States.ItemReaderFailed": "The list of shards could not be read from the run's folder.",
    "States.ResultWriterFailed": "The shards' results could not be written to the run's folder.",
    "States.DataLimitExceeded": "A step returned more than Step Functions carries (256 KB). Please report this.",
    "States.Permissions": "The state machine's role may not do what a step needs. AWS names the action below.",
    "States.QueryEvaluationError": "An expression of the state machine could not be evaluated. Please report this.",
    "States.Runtime": "The state machine could not go on with what a step returned. Please report this.",
    "Sandbox.Timedout": "A function ran longer than it may. Fewer questions per shard (shard_size) make it shorter.",
    "Runtime.OutOfMemory": "A function ran out of memory. Its log in CloudWatch says at which step.",
    "Runtime.ExitError": "A function's process died, most often for want of memory. Its log in CloudWatch says more.",
    "Runtime.ImportModuleError": "A function's bundle lacks a module. Build the bundles again and deploy.",
}
_STILL_PAID = (
    "The throughput may still be running and costing money: it could not be released. The release switch and the "
    "hourly sweep go on trying; see for yourself in the Bedrock console.\nWhy it could not be released:"
)
_KILLED = re.compile(r"signal: killed|OutOfMemory", re.IGNORECASE)


def failure(error: str | None, cause: str | None, release_cause: str | None = None) -> Failure:
    """The failure behind an `Error` and `Cause` of Step Functions; `release_cause` is why a release failed after it.

    A Lambda function's cause is a JSON document with errorType and errorMessage (cut off when it is very long);
    other causes are plain text, or absent.
    """
    kind, message = _lambda_error(cause or "")
    name = kind or error or "UnknownError"
    if name == "Runtime.ExitError" and _KILLED.search(message):
        name = "Runtime.OutOfMemory"
    parts = [part for part in (_SAID.get(name) or _SAID.get(error or ""), message.strip()) if part]
    said = "\n".join(parts) or f"{name}, with no message. The execution's history and the step's log say more."
    if release_cause is not None:
        # In front, where no cut can take it away: it costs money by the hour.
        said = f"{_STILL_PAID} {_lambda_error(release_cause)[1].strip()}\nBefore that: {said}"
    return Failure(error=name[:_LONGEST_ERROR], message=_cut(said))


def _lambda_error(cause: str) -> tuple[str | None, str]:
    """(errorType, errorMessage), or (None, the cause) when it is not a function's."""
    try:
        document = json.loads(cause)
    except ValueError:
        return _truncated_lambda_error(cause)
    if not isinstance(document, dict) or "errorMessage" not in document:
        return None, cause
    return document.get("errorType"), str(document["errorMessage"])


def _truncated_lambda_error(cause: str) -> tuple[str | None, str]:
    """Step Functions cuts a cause at 32 KB, so a long message is JSON without an end."""
    message = re.match(r'\s*\{\s*"errorMessage"\s*:\s*"((?:[^"\\]|\\.)*)', cause)
    if not message:
        return None, cause
    kind = re.search(r'"errorType"\s*:\s*"([^"]*)"', cause[message.end() :])
    whole_escapes = re.sub(r"\\u[0-9a-fA-F]{0,3}$", "", message[1])
    return kind and kind[1], json.loads(f'"{whole_escapes}"', strict=False)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_CAUSE:
        return text
    return text[:_LONGEST_CAUSE].rpartition("\n")[0] + "\n(and more: see the run's folder)"


_ENDED = {
    "ABORTED": ("Stopped", "The run was stopped by hand, in the console or by tuner stop."),
    "TIMED_OUT": ("TimedOut", "The run took longer than the whole of it may, and Step Functions ended it."),
}


def ended_from_outside(status: str, error: str | None, cause: str | None) -> Failure:
    """The failure of a run that ended before it could report itself; whoever stopped it may have given a cause."""
    if status not in _ENDED:
        return failure(error, cause)
    name, said = _ENDED[status]
    given = failure(error, cause).message if cause else ""
    return Failure(error=error or name, message="\n".join(part for part in (said, given) if part))
