"""Tests of published events, with botocore's service model."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.aws.stubs import stubbed
from tuner.artifacts.evaluation.gate import GateEvent
from tuner.aws.event_bus import put_event
from tuner.core.errors import AccessDeniedError, RetryableError, ThrottledError

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
EXAMPLE = (Path(__file__).parents[3] / "docs" / "gate.md").read_text("utf-8").split("```json")[2].partition("```")[0]
EVENT = GateEvent.model_validate_json(EXAMPLE)


def put(answer: dict[str, Any] | str, model: str | None = MODEL) -> None:
    event = EVENT.model_copy(update={"custom_model_arn": model})
    entry = {
        "Source": "bedrock-tuner",
        "DetailType": "Gate Decision",
        "Detail": json.dumps({**json.loads(EXAMPLE), "custom_model_arn": model}, ensure_ascii=False),
        "Resources": [model] if model else [],
        "EventBusName": "default",
    }
    with stubbed("events", ("put_events", {"Entries": [Entry(entry)]}, answer)) as api:
        put_event(event, api)


class Entry(dict[str, object]):
    """Equal to an entry whose detail has the same members in another order."""

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, dict)
        return _parsed(self) == _parsed(other)

    __hash__ = None


def _parsed(entry: dict[str, object]) -> dict[str, object]:
    return {**entry, "Detail": json.loads(str(entry["Detail"]))}


@pytest.mark.parametrize("model", [MODEL, None])
def test_an_event_goes_to_the_default_bus(model: str | None) -> None:
    put({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}, model)


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
def test_a_rejected_event_is_an_error(answer: dict[str, Any] | str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="Gate Decision"):
        put(answer)
