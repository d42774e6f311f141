"""Publishes events to EventBridge's default bus, where a deployment pipeline can listen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import AccessDeniedError, RetryableError


def put_event(
    source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = (), api: Any = None
) -> None:
    """Publishes one event about the `resources` (ARNs).

    EventBridge may deliver an event twice, and a retried call publishes it twice, so `detail` must allow a receiver to
    recognize duplicates. Raises RetryableError when EventBridge accepts the call but not the event.
    """
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, ensure_ascii=False),
        "Resources": list(resources),
        "EventBusName": "default",
    }
    with mapped_errors(f"put the event '{detail_type}'"):
        [result] = (api or client("events")).put_events(Entries=[entry])["Entries"]
    # PutEvents succeeds even when it rejects its entries: each entry has its own error code.
    if code := result.get("ErrorCode"):
        kind = AccessDeniedError if code.startswith("NotAuthorized") else RetryableError
        raise kind(f"Could not put the event '{detail_type}': {code}: {result.get('ErrorMessage', '')}")
