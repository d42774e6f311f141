"""Tests of the mapping of AWS's errors to the project's classes."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import AccessDeniedError, AwsError, QuotaError, RetryableError, ThrottledError, TunerError


def client_error(code: str, message: str = "m", status: int = 400, operation: str = "GetObject") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def raised(error: Exception) -> TunerError:
    with pytest.raises(TunerError) as caught, mapped_errors("do the thing"):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("ThrottlingException", status=429), ThrottledError),
        (client_error("SlowDown", status=503), ThrottledError),
        (client_error("InternalServerException", status=500), RetryableError),
        (client_error("ModelNotReadyException", status=429), RetryableError),
        (client_error("SomethingNew", status=503), RetryableError),
        (client_error("AccessDeniedException", status=403), AccessDeniedError),
        (client_error("ServiceQuotaExceededException"), QuotaError),
        (client_error("ValidationException"), AwsError),
        (EndpointConnectionError(endpoint_url="https://x"), RetryableError),
        (ConnectionClosedError(endpoint_url="https://x"), RetryableError),
        (ReadTimeoutError(endpoint_url="https://x"), RetryableError),
        (NoCredentialsError(), AccessDeniedError),
        (ParamValidationError(report="bad"), AwsError),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_the_class_is_what_the_state_machine_matches(error: Exception, kind: type[TunerError]) -> None:
    assert type(raised(error)) is kind


def test_the_message_has_the_attempted_action_and_the_message_of_aws() -> None:
    assert str(raised(client_error("ValidationException", "Bad name."))) == (
        "Could not do the thing: ValidationException: Bad name."
    )


def test_a_denial_that_names_the_action_is_not_changed() -> None:
    said = "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: kms:Decrypt on resource: k"
    assert str(raised(client_error("AccessDenied", said))).endswith(said)


@pytest.mark.parametrize(
    ("operation", "action"),
    [("ListObjectsV2", "s3:ListBucket"), ("Converse", "bedrock:InvokeModel"), ("PutObject", "PutObject")],
)
def test_the_action_is_added_to_a_denial_that_does_not_name_it(operation: str, action: str) -> None:
    assert f"lacks {'the action behind ' if action == operation else ''}{action}" in str(
        raised(client_error("AccessDenied", "Access Denied", 403, operation))
    )


def test_the_projects_own_errors_are_not_changed() -> None:
    error = QuotaError("ours")
    assert raised(error) is error
