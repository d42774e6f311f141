"""What all List operations do alike: filter, sort, page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from local.bedrock.errors import ValidationError
from local.bedrock.records import Record

R = TypeVar("R", bound=Record)
DEFAULT_PAGE = 100


def page(
    records: Iterable[R],
    params: dict[str, Any],
    key: str,
    summary: Callable[[R], dict[str, Any]],
    created_after: str = "creationTimeAfter",
    created_before: str = "creationTimeBefore",
) -> dict[str, Any]:
    """One page of summaries under `key`; newest first unless the request sorts otherwise.

    Raises:
        ValidationError: the nextToken is none of ours.
    """
    after: datetime | None = params.get(created_after)
    before: datetime | None = params.get(created_before)
    found = [
        record
        for record in records
        if params.get("nameContains", "") in record.name
        and (after is None or record.created >= _aware(after, record.created))
        and (before is None or record.created <= _aware(before, record.created))
    ]
    if params.get("sortOrder", "Descending") == "Descending":
        found.reverse()
    start = _start(params.get("nextToken"))
    end = start + params.get("maxResults", DEFAULT_PAGE)
    more = {"nextToken": str(end)} if end < len(found) else {}
    return {key: [summary(record) for record in found[start:end]]} | more


def _start(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise ValidationError("The provided nextToken is invalid.")
    return int(token)


def _aware(moment: datetime, like: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)
