"""AWS's errors as ours: the state machine retries by class, and a person reads the message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from tuner.core.errors import AccessDeniedError, AwsError, QuotaError, RetryableError, ThrottledError

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
    # A Lambda function that is Pending or Inactive.
    "CodeArtifactUserPendingException",
    "ResourceConflictException",
    "ResourceNotReadyException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized"}
_QUOTA = {"ServiceQuotaExceededException", "LimitExceededException"}

# Calls whose IAM action has another name than the call.
_ACTIONS = {
    "Converse": "bedrock:InvokeModel",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "HeadObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
}


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
        kind = _kind(error)
        needed = _needed_action(error) if kind is AccessDeniedError else ""
        raise kind(f"Could not {doing}: {code_of(error)}: {message_of(error)}{needed}") from error
    except ResponseParserError as error:  # not one of botocore's other errors
        text = (
            f"Could not {doing}: the answer is not AWS's. Does a proxy or a wrong endpoint (AWS_ENDPOINT_URL) answer?"
        )
        raise RetryableError(text) from error
    except (ConnectionError, HTTPClientError) as error:
        raise RetryableError(f"Could not {doing}: no answer from AWS: {error}") from error
    except NoCredentialsError as error:
        raise AccessDeniedError(
            f"Could not {doing}: there are no AWS credentials. Log in, for instance with 'aws sso login'."
        ) from error
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


def _needed_action(error: ClientError) -> str:
    """S3 often says no more than "Access Denied": then the permission is named here."""
    if "to perform" in message_of(error):
        return ""
    action = _ACTIONS.get(error.operation_name, f"the action behind {error.operation_name}")
    return f" (in the call {error.operation_name}). The role lacks {action}, or a bucket or key policy forbids it."
