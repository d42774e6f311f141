"""AWS's errors as ours: the state machine retries by class, and a person reads the message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from tuner.errors import AccessDeniedError, AwsError, QuotaError, RetryableError, ThrottledError

_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
}
_TRANSIENT = {
    "InternalError",
    "InternalFailure",
    "InternalServerException",
    "InternalServerError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "ModelNotReadyException",
    "ModelTimeoutException",
    "ModelErrorException",
    "RequestTimeout",
    "KMSInternalException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized"}
_QUOTA = {"ServiceQuotaExceededException", "LimitExceededException"}


def code_of(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """AWS's own words."""
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises AWS's errors as ours; `doing` says what was attempted ("start the customization job").

    Inner code that expects a certain code (a name in use, a resource that is gone) catches ClientError itself.
    """
    try:
        yield
    except ClientError as error:
        raise _kind(error)(f"Could not {doing}: {code_of(error)}: {message_of(error)}") from error
    except (ConnectionError, HTTPClientError) as error:
        raise RetryableError(f"Could not {doing}: no answer from AWS: {error}") from error
    except BotoCoreError as error:
        raise AwsError(f"Could not {doing}: {error}") from error


def _kind(error: ClientError) -> type[Exception]:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED:
        return ThrottledError
    if code in _DENIED:
        return AccessDeniedError
    if code in _QUOTA:
        return QuotaError
    return RetryableError if code in _TRANSIENT or status >= 500 else AwsError
