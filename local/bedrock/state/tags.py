"""Tags of resources: a list of key and value in requests, a mapping in the records."""

from __future__ import annotations

from local.bedrock.errors import TooManyTagsError
from local.bedrock.state.records import Tags

MAX_TAGS = 50


def tags_from_request(tags: list[dict[str, str]] | None) -> Tags:
    """The tags of a create request.

    Raises:
        TooManyTagsError: there are more than 50.
    """
    return check_tag_count({tag["key"]: tag["value"] for tag in tags or []})


def check_tag_count(tags: Tags) -> Tags:
    """The tags, unchanged.

    Raises:
        TooManyTagsError: there are more than 50.
    """
    if len(tags) > MAX_TAGS:
        raise TooManyTagsError(f"A resource can have at most {MAX_TAGS} tags; found {len(tags)}.")
    return tags
