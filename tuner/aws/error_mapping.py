"""Maps AWS's errors to the classes of `tuner.core.errors`.

The state machine retries by class, and people read the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from tuner.core.errors import AccessDeniedError, AwsError, QuotaError, RetryableError, ThrottledError, TunerError

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
    # Lambda's answers for a function that is Pending or Inactive.
    "CodeArtifactUserPendingException",
    "ResourceConflictException",
    "ResourceNotReadyException",
}
# Bedrock's answers when no model has worked on a request: the service or the model takes none at the moment.
_NOT_STARTED = {"ServiceUnavailable", "ServiceUnavailableException", "ModelNotReadyException"}
LOG_IN = (
    "Log in (with the AWS CLI: 'aws sso login'), export the access keys that your access portal shows, or select "
    "another profile with AWS_PROFILE."
)
_NOT_SENT = (EndpointConnectionError, ConnectTimeoutError)
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized"}
_QUOTA = {"ServiceQuotaExceededException", "LimitExceededException"}

# IAM actions whose name differs from the name of the API call.
_ACTIONS = {
    "Converse": "bedrock:InvokeModel",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "HeadObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
}


def code_of(error: ClientError) -> str:
    """The error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """The message of AWS."""
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


@contextmanager
def mapped_errors(doing: str) -> Iterator[None]:
    """Raises AWS's errors as the project's own classes. `doing` completes "Could not ...": "start the job faq".

    Code inside the block that expects a certain error code, such as a name in use, catches ClientError itself.
    """
    try:
        yield
    except ClientError as error:
        kind = _kind(error)
        needed = _needed_action(error) if kind is AccessDeniedError else ""
        mapped = kind(f"Could not {doing}: {code_of(error)}: {message_of(error)}{needed}")
        mapped.may_be_billed = mapped.may_be_billed and code_of(error) not in _NOT_STARTED
        raise mapped from error
    except ResponseParserError as error:  # has no common base class with the others
        text = f"Could not {doing}: the response is not from AWS. Check for a proxy or a wrong AWS_ENDPOINT_URL."
        raise RetryableError(text) from error
    except (ConnectionError, HTTPClientError) as error:
        unanswered = RetryableError(f"Could not {doing}: no answer from AWS: {error}")
        unanswered.may_be_billed = not isinstance(error, _NOT_SENT)
        raise unanswered from error
    except NoCredentialsError as error:
        raise AccessDeniedError(f"Could not {doing}: there are no AWS credentials. {LOG_IN}") from error
    except BotoCoreError as error:
        raise AwsError(f"Could not {doing}: {error}") from error


def _kind(error: ClientError) -> type[TunerError]:
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
    """Names the missing permission where AWS does not: S3 often answers only "Access Denied"."""
    if "to perform" in message_of(error):
        return ""
    action = _ACTIONS.get(error.operation_name, f"the action behind {error.operation_name}")
    return f" (in the call {error.operation_name}). The role lacks {action}, or a bucket or key policy forbids it."
