"""How often the start function may read a dataset, in the table of shared state.

It has one item for each dataset and purpose, with partition key `reads#<dataset>` and the purpose as sort key: since
when its hour lasts, and what was used in it. The bytes of a dataset and the looks at its late files are counted apart.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, NamedTuple

from tuner.aws.dynamodb.state_table import ATTEMPTS, Action, StateTable, key
from tuner.core.errors import RetryableError
from tuner.core.times import iso

Purpose = Literal["bytes", "late files"]
HOUR = dt.timedelta(hours=1)


class _Used(NamedTuple):
    since: dt.datetime
    amount: int


class DatasetReadsTable(StateTable):
    """Calls: dynamodb:GetItem, PutItem."""

    name = "what was read of a dataset"

    def reserve(self, dataset: str, purpose: Purpose, amount: int, most: int, at: dt.datetime) -> dt.datetime | None:
        """Counts `amount`, and returns None. Counts nothing if the hour would have more than `most`: returns its end.

        An hour begins with the first read after the end of the one before.
        """
        for _ in range(ATTEMPTS):
            before = self._find(dataset, purpose)
            used = before if before and at < before.since + HOUR else _Used(at, 0)
            if used.amount + amount > most:
                return used.since + HOUR
            after = used._replace(amount=used.amount + amount)
            if not self._transact(_put(dataset, purpose, before, after)):
                return None
        raise RetryableError(f"Other functions count reads of the dataset {dataset} all the time. Try again later.")

    def _find(self, dataset: str, purpose: Purpose) -> _Used | None:
        item = self._get(_partition(dataset), purpose)
        return _Used(dt.datetime.fromisoformat(item["since"]["S"]), int(item["amount"]["N"])) if item else None


def _put(dataset: str, purpose: Purpose, before: _Used | None, after: _Used) -> Action:
    item = key(_partition(dataset), purpose) | _members(after)
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


def _partition(dataset: str) -> str:
    return f"reads#{dataset}"
