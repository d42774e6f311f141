"""The condition keys `events:source` and `events:detail-type` of `events:PutEvents`.

MiniStack sets neither key, so a policy with a condition on the source would never match.
"""

import json
from typing import Any

from ministack.core import iam_actions

_KEYS = {"events:source": "Source", "events:detail-type": "DetailType"}


def install() -> None:
    """Adds the keys to the condition context of a request."""
    original = iam_actions.request_tag_context

    def with_event_keys(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        known: dict[str, Any] = original(service, action, body, params)
        return known | (event_keys(body) if action == "events:PutEvents" else {})

    iam_actions.request_tag_context = with_event_keys


def event_keys(body: bytes) -> dict[str, Any]:
    """The condition keys of the entries in a request. A value is a list if the entries differ."""
    try:
        entries = json.loads(body)["Entries"]
        found = {key: sorted({entry[member] for entry in entries}) for key, member in _KEYS.items()}
    except (ValueError, KeyError, TypeError):
        return {}  # The service answers with its own error.
    return {key: values[0] if len(values) == 1 else values for key, values in found.items() if values}
