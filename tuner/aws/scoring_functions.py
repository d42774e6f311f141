"""Calls a Lambda function that somebody else wrote: the scorer that a deployment names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import AwsError
from tuner.core.strict_model import Json

_SHOWN = 300


def call_function(function: str, payload: Json, seconds: float) -> Json:
    """What the function returns for `payload`. Calls: lambda:InvokeFunction.

    `function` is an ARN or a name; `seconds` limits the wait for its answer. Raises AwsError when the function fails,
    returns no JSON or does not answer in time, RetryableError, ThrottledError and AccessDeniedError.
    """
    parts = function.split(":")
    region = parts[3] if function.startswith("arn:") and len(parts) > 3 else None
    # One attempt: the caller repeats what was not scored, and nothing else.
    api = client("lambda", region, attempts=1, seconds=seconds)
    with mapped_errors(f"call the scorer {function}"):
        try:
            answer: Mapping[str, Any] = api.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
            body: bytes = answer["Payload"].read()
        except ReadTimeoutError:
            # Not a RetryableError: the function may never be faster, so the caller decides how often it asks.
            raise AwsError(f"The scorer {function} did not answer within {seconds:g} seconds.") from None
    text = body.decode("utf-8", "replace")
    if answer.get("FunctionError"):
        raise AwsError(f"The scorer {function} failed: {_failure(text)}")
    try:
        returned: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise AwsError(f"The scorer {function} returned no JSON: {text[:_SHOWN]}") from None
    return returned


def _failure(text: str) -> str:
    """The message of the function's exception, as Lambda reports it."""
    try:
        details = json.loads(text)
        return f"{details.get('errorType', 'error')}: {details['errorMessage']}"[:_SHOWN]
    except (ValueError, RecursionError, KeyError, AttributeError):
        return text[:_SHOWN]
