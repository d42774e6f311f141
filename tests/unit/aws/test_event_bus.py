"""Tests of published events, with botocore's service model."""

import json

import pytest

from tests.unit.aws.stubs import stubbed
from tuner.aws.event_bus import put_event
from tuner.core.errors import AccessDeniedError, RetryableError, ThrottledError

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
ENTRY = {
    "Source": "bedrock-tuner",
    "DetailType": "Gate Decision",
    "Detail": json.dumps({"decision": "accepted"}),
    "Resources": [MODEL],
    "EventBusName": "default",
}


def put(answer: object) -> None:
    with stubbed("events", ("put_events", {"Entries": [ENTRY]}, answer)) as api:
        put_event("bedrock-tuner", "Gate Decision", {"decision": "accepted"}, [MODEL], api)


def test_an_event_goes_to_the_default_bus() -> None:
    put({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "x"}]}, RetryableError),
        (
            {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorizedForSource", "ErrorMessage": "x"}]},
            AccessDeniedError,
        ),
        ("ThrottlingException: slow down", ThrottledError),
        ("AccessDeniedException: not authorized to perform: events:PutEvents", AccessDeniedError),
    ],
)
def test_a_rejected_event_is_an_error(answer: object, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="Gate Decision"):
        put(answer)
