"""Publishes events to EventBridge's default bus, where a deployment pipeline can listen."""

from __future__ import annotations

from typing import Any

from tuner.artifacts.evaluation.gate import GateEvent
from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import AccessDeniedError, RetryableError


def put_event(event: GateEvent, api: Any = None) -> None:
    """Publishes the event, as one about the custom model.

    EventBridge may deliver an event twice, and a retried call publishes it twice: a receiver recognizes duplicates by
    the event's id. Raises RetryableError when EventBridge accepts the call but not the event.
    """
    entry = {
        "Source": event.SOURCE,
        "DetailType": event.DETAIL_TYPE,
        "Detail": event.detail(),
        "Resources": [event.custom_model_arn] if event.custom_model_arn else [],
        "EventBusName": "default",
    }
    with mapped_errors(f"put the event '{event.DETAIL_TYPE}'"):
        [result] = (api or client("events")).put_events(Entries=[entry])["Entries"]
    # PutEvents succeeds even when it rejects its entries: each entry has its own error code.
    if code := result.get("ErrorCode"):
        kind = AccessDeniedError if code.startswith("NotAuthorized") else RetryableError
        raise kind(f"Could not put the event '{event.DETAIL_TYPE}': {code}: {result.get('ErrorMessage', '')}")
