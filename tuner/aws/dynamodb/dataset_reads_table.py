"""How much the start function may read, in the table of shared state.

Each limit has an item with partition key `reads#<dataset>`, or `reads#` for all datasets together, and its purpose as
sort key: since when its period lasts, and what was used in it. The bytes of a dataset and the looks at its late files
are counted apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tuner.aws.dynamodb.state_table import ATTEMPTS, Action, StateTable, key
from tuner.core.errors import RetryableError
from tuner.core.times import iso

Purpose = Literal["bytes", "late files"]
HOUR = dt.timedelta(hours=1)
ALL_DATASETS = ""
"""In place of a dataset's name, which is never empty."""


@dataclass(frozen=True, slots=True)
class Read:
    """A part of a limit that a read takes: `amount`, of `most` within a period. `dataset` can be ALL_DATASETS."""

    dataset: str
    purpose: Purpose
    amount: int
    most: int
    period: dt.timedelta = HOUR


class Full(NamedTuple):
    """The limit that a read would pass, and when its period ends."""

    read: Read
    until: dt.datetime


class _Used(NamedTuple):
    since: dt.datetime
    amount: int


class DatasetReadsTable(StateTable):
    """Calls: dynamodb:GetItem, PutItem."""

    name = "what was read of the datasets"

    def reserve(self, reads: Sequence[Read], at: dt.datetime) -> Full | None:
        """Counts all reads, and returns None. Counts nothing if one of them would pass its limit: returns that one.

        A period begins with the first read after the end of the one before.
        """
        for _ in range(ATTEMPTS):
            changes = []
            for read in reads:
                before = self._find(read)
                used = before if before and at < before.since + read.period else _Used(at, 0)
                if used.amount + read.amount > read.most:
                    return Full(read, used.since + read.period)
                changes.append(_put(read, before, used._replace(amount=used.amount + read.amount)))
            if not self._transact(*changes):
                return None
        raise RetryableError("Other functions count reads of the same datasets all the time. Try again later.")

    def _find(self, read: Read) -> _Used | None:
        item = self._get(_partition(read), read.purpose)
        return _Used(dt.datetime.fromisoformat(item["since"]["S"]), int(item["amount"]["N"])) if item else None


def _put(read: Read, before: _Used | None, after: _Used) -> Action:
    item = key(_partition(read), read.purpose) | _members(after)
    if before is None:
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    seen = {f":{name}": value for name, value in _members(before).items()}
    unchanged: dict[str, Any] = {
        "ConditionExpression": "since = :since AND amount = :amount",
        "ExpressionAttributeValues": seen,
    }
    return {"Put": {"Item": item, **unchanged}}


def _members(used: _Used) -> dict[str, dict[str, str]]:
    return {"since": {"S": iso(used.since)}, "amount": {"N": str(used.amount)}}


def _partition(read: Read) -> str:
    return f"reads#{read.dataset}"
