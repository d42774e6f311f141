"""Filters, sorts and pages the records of a List operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from local.bedrock.errors import ValidationError
from local.bedrock.protocol.operation import Params, Result
from local.bedrock.state.records import Record

R = TypeVar("R", bound=Record)
DEFAULT_PAGE_SIZE = 100


def page(
    records: Iterable[R],
    params: Params,
    key: str,
    summary: Callable[[R], Result],
    created_after: str = "creationTimeAfter",
    created_before: str = "creationTimeBefore",
) -> Result:
    """One page of summaries under `key`, newest first unless the request asks for ascending order.

    Raises:
        ValidationError: the nextToken is not one that this function returned.
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
    # The token is the index of the next record. AWS's tokens are opaque too.
    start = _start(params.get("nextToken"))
    end = start + params.get("maxResults", DEFAULT_PAGE_SIZE)
    more = {"nextToken": str(end)} if end < len(found) else {}
    return {key: [summary(record) for record in found[start:end]]} | more


def _start(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise ValidationError("The provided nextToken is invalid.")
    return int(token)


def _aware(moment: datetime, like: datetime) -> datetime:
    """A timestamp of a request may lack a time zone. It then means that of the record."""
    return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)
