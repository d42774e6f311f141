"""Publishes to EventBridge's default bus, which whoever deploys next listens to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.core.errors import AccessDeniedError, RetryableError


def put_event(
    source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = (), api: Any = None
) -> None:
    """Puts one event; `resources` are ARNs that it is about.

    EventBridge may deliver an event twice, and a retried call puts it twice: `detail` must hold what tells a duplicate.
    Raises RetryableError when EventBridge takes the call and not the event.
    """
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, ensure_ascii=False),
        "Resources": list(resources),
        "EventBusName": "default",
    }
    with translated(f"put the event '{detail_type}'"):
        [result] = (api or client("events")).put_events(Entries=[entry])["Entries"]
    if code := result.get("ErrorCode"):
        kind = AccessDeniedError if code.startswith("NotAuthorized") else RetryableError
        raise kind(f"Could not put the event '{detail_type}': {code}: {result.get('ErrorMessage', '')}")
