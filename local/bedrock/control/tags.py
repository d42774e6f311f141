"""TagResource, UntagResource and ListTagsForResource."""

from __future__ import annotations

from functools import partial
from typing import Any

from local.bedrock.errors import ResourceNotFoundError
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import current_account_region
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.records import Record
from local.bedrock.state.store import Store, Table
from local.bedrock.state.tags import check_tag_count, tags_from_request


def operations(state: BedrockState) -> dict[str, Operation]:
    """The handlers of this module by API name."""
    return {
        "TagResource": partial(tag_resource, state.store),
        "UntagResource": partial(untag_resource, state.store),
        "ListTagsForResource": partial(list_tags_for_resource, state.store),
    }


def tag_resource(store: Store, params: Params) -> Result:
    """TagResource."""
    # One lock around reading and writing: of two concurrent requests, none loses the tags of the other.
    with store.lock:
        table, record = _find(store, params["resourceARN"])
        table.update(record.id, tags=check_tag_count(record.tags | tags_from_request(params["tags"])))
    return {}


def untag_resource(store: Store, params: Params) -> Result:
    """UntagResource. Keys that the resource does not have are ignored."""
    with store.lock:
        table, record = _find(store, params["resourceARN"])
        table.update(record.id, tags={key: value for key, value in record.tags.items() if key not in params["tagKeys"]})
    return {}


def list_tags_for_resource(store: Store, params: Params) -> Result:
    """ListTagsForResource."""
    _, record = _find(store, params["resourceARN"])
    return {"tags": [{"key": key, "value": value} for key, value in sorted(record.tags.items())]}


def _find(store: Store, arn: str) -> tuple[Table[Any], Record]:
    found = store.taggable(current_account_region(), arn)
    if found is None:
        raise ResourceNotFoundError(f"The provided resource ARN could not be found: {arn}")
    return found
