"""Tags: as lists on the wire, as a mapping in the records; at most 50 on a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock.account_region import current_scope
from local.bedrock.errors import ResourceNotFoundError, TooManyTagsError
from local.bedrock.records import Record, Tags

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock
    from local.bedrock.store import Table

MOST_TAGS = 50


def from_wire(tags: list[dict[str, str]] | None) -> Tags:
    """The tags of a create request.

    Raises:
        TooManyTagsError: more than 50.
    """
    return _limited({tag["key"]: tag["value"] for tag in tags or []})


def tag_resource(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """TagResource."""
    with bedrock.store.lock:
        table, record = _find(bedrock, params["resourceARN"])
        table.update(record.id, tags=_limited(record.tags | from_wire(params["tags"])))
    return {}


def untag_resource(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """UntagResource; keys that the resource has not are ignored."""
    with bedrock.store.lock:
        table, record = _find(bedrock, params["resourceARN"])
        table.update(record.id, tags={key: value for key, value in record.tags.items() if key not in params["tagKeys"]})
    return {}


def list_tags_for_resource(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    _, record = _find(bedrock, params["resourceARN"])
    return {"tags": [{"key": key, "value": value} for key, value in sorted(record.tags.items())]}


def _find(bedrock: Bedrock, arn: str) -> tuple[Table[Any], Record]:
    found = bedrock.store.taggable(current_scope(), arn)
    if found is None:
        raise ResourceNotFoundError(f"The provided resource ARN could not be found: {arn}")
    return found


def _limited(tags: Tags) -> Tags:
    if len(tags) > MOST_TAGS:
        raise TooManyTagsError(f"A resource can have at most {MOST_TAGS} tags; found {len(tags)}.")
    return tags


OPERATIONS = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
