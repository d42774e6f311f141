"""The condition key `dynamodb:LeadingKeys`: the partition keys of the items that a request names.

MiniStack does not set it, so a policy that is limited to partitions would allow all of them. Batches and PartiQL, which
this project does not use, have no value here.

Source: Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb

_KEY = "dynamodb:LeadingKeys"


def install() -> None:
    """Adds the key to the condition context of a request."""
    original = iam_actions.dynamodb_service_context

    def with_leading_keys(body: bytes) -> dict[str, Any]:
        known: dict[str, Any] = original(body)
        return known | leading_keys(body)

    iam_actions.dynamodb_service_context = with_leading_keys


def leading_keys(body: bytes) -> dict[str, Any]:
    """The condition key of a request, if it names items by their partition key."""
    try:
        document = json.loads(body)
        found = sorted({key for request in _requests(document) for key in _partition_keys(request)})
    except (ValueError, AttributeError, TypeError):
        return {}  # The service answers with its own error.
    return {_KEY: found} if found else {}


def _requests(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The document itself, or the actions of its transaction."""
    if "TransactItems" not in document:
        yield document
        return
    for item in document["TransactItems"]:
        yield from item.values()


def _partition_keys(request: Mapping[str, Any]) -> Iterator[str]:
    table = dynamodb._tables.get(str(request.get("TableName", "")).rsplit("/", 1)[-1])
    if table is None:
        return
    name = table["pk_name"]
    for value in (request.get("Item") or request.get("Key") or {}, _queried(request, name)):
        if name in value:
            yield str(next(iter(value[name].values())))


def _queried(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The partition key that a query asks for, by its name."""
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    for asked, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", request.get("KeyConditionExpression") or ""):
        if names.get(asked, asked) == name and value in values:
            return {name: values[value]}
    return {}
