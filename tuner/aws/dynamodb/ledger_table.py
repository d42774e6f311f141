"""The ledger of spending in the table of shared state.

It has these items, by partition key and sort key:

    ledger#<month>  total            the sum of the month: `committed`
    ledger#<month>  dataset#<name>   the sum of a dataset in the month: `committed`
    ledger#<month>  run#<run>        the run's entry, and its `version`
    ledger#runs     <run>            the month that the run counts in

Each change is one transaction: the entry and the sums change together or not at all. The entry's version is a condition
of it, so a retry, a second delivery of an event and a second execution change nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tuner.artifacts.base import parse
from tuner.artifacts.costs.ledger import Ceiling, Ceilings, LedgerEntry, month_of
from tuner.aws.clients import Response
from tuner.aws.dynamodb.state_table import ATTEMPTS, CONDITION, Action, StateTable, key, run_key
from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import RetryableError
from tuner.core.times import iso

# Step Functions ends an execution after a year.
_MONTHS_OF_OPEN_RUNS = 13
_NO_CEILINGS = Ceilings()


class _ChangedMeanwhileError(Exception):
    """The entry has another version than the one that was read."""


class LedgerTable(StateTable):
    """Calls: dynamodb:GetItem, Query, PutItem, UpdateItem."""

    name = "the ledger"

    def reserve(self, run_id: str, dataset: str, usd: Decimal, ceilings: Ceilings, at: dt.datetime) -> LedgerEntry:
        """Reserves what the run can cost, in the month of its first reservation.

        A reservation that passes a ceiling is made as well, and `passed` names the ceiling: a person must approve the
        run, and what was asked for counts until the answer. A repeated call can only raise the reservation. A run that
        has ended is not reserved again.
        """

        def reserved(before: LedgerEntry | None) -> LedgerEntry | None:
            if before is None:
                return LedgerEntry(
                    run_id=run_id, dataset=dataset, month=month_of(at), reserved_usd=usd, reserved_at=iso(at)
                )
            unchanged = not before.is_open or before.reserved_usd >= usd
            return None if unchanged else before.model_copy(update={"reserved_usd": usd})

        return self._change(run_id, reserved, ceilings)

    def settle(self, run_id: str, dataset: str, usd: Decimal | None, at: dt.datetime) -> LedgerEntry | None:
        """Replaces the reservation of a run that has ended by what it spent; None: not known, so the worst case stays.

        A run without a reservation is entered with what it spent. It is not entered with 0: the result is then None.
        """
        without_reservation = usd or Decimal(0)
        if self.find(run_id) is None and not without_reservation:
            return None

        def settled(before: LedgerEntry | None) -> LedgerEntry | None:
            if before is None:
                return LedgerEntry(
                    run_id=run_id,
                    dataset=dataset,
                    month=month_of(at),
                    reserved_usd=Decimal(0),
                    spent_usd=without_reservation,
                    ended_at=iso(at),
                )
            spent = before.usd if usd is None else usd
            if before.spent_usd == spent:
                return None
            return before.model_copy(update={"spent_usd": spent, "ended_at": iso(at)})

        return self._change(run_id, settled, _NO_CEILINGS)

    def find(self, run_id: str) -> LedgerEntry | None:
        """The entry of a run, or None."""
        place = self._get("ledger#runs", run_id)
        if place is None:
            return None
        month = place["month"]["S"]
        item = self._get(_partition(month), run_key(run_id))
        return None if item is None else _entry(item)

    def entries(self, month: str) -> tuple[LedgerEntry, ...]:
        """The runs of a month, in the order of their ids."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :run)",
            "ExpressionAttributeValues": {":pk": {"S": _partition(month)}, ":run": {"S": run_key("")}},
            "ConsistentRead": True,
        }
        with mapped_errors(f"read the ledger of {month}"):
            pages = self._api.get_paginator("query").paginate(**request)
            return tuple(_entry(item) for page in pages for item in page["Items"])

    def open_entries(self, now: dt.datetime) -> Iterator[LedgerEntry]:
        """The runs that have not ended, as far as the ledger knows, of all months that a run can have begun in."""
        month = now.astimezone(dt.UTC).replace(day=1)
        for _ in range(_MONTHS_OF_OPEN_RUNS):
            yield from (entry for entry in self.entries(month_of(month)) if entry.is_open)
            month = (month - dt.timedelta(days=1)).replace(day=1)

    def committed(self, month: str, dataset: str | None = None) -> Decimal:
        """The sum of what all runs of a month have reserved and spent, or the runs of one dataset."""
        return self._committed(month, "total" if dataset is None else f"dataset#{dataset}")

    def _committed(self, month: str, sort: str) -> Decimal:
        item = self._get(_partition(month), sort)
        return Decimal(item["committed"]["N"]) if item else Decimal(0)

    def _change(
        self, run_id: str, changed: Callable[[LedgerEntry | None], LedgerEntry | None], ceilings: Ceilings
    ) -> LedgerEntry:
        """Changes a run's entry to what `changed` makes of it, with the sums of its month. None: nothing to change."""
        for _ in range(ATTEMPTS):
            before = self.find(run_id)
            after = changed(before)
            if after is None:
                assert before is not None, "an entry that does not exist cannot stay as it is"
                return before
            after = after.model_copy(update={"version": before.version + 1 if before else 1})
            left = ceilings
            try:
                while passed := self._write(before, after, left):
                    # Another run may have used up the other ceiling meanwhile, so that one stays a condition.
                    every = tuple(dict.fromkeys((*after.passed, *passed)))
                    after = after.model_copy(update={"passed": every})
                    left = left._replace(**dict.fromkeys(passed))
            except _ChangedMeanwhileError:
                continue
            return after
        raise RetryableError(f"Other functions keep changing the ledger's entry of the run {run_id}. Try again later.")

    def _write(self, before: LedgerEntry | None, after: LedgerEntry, ceilings: Ceilings) -> tuple[Ceiling, ...]:
        """Writes the entry and adds the difference to the sums. Writes nothing if it would pass a ceiling.

        Returns the ceilings that it would pass.
        """
        difference = after.usd - (before.usd if before else 0)
        place = _place(after) if before is None else None
        limits: tuple[tuple[Ceiling, str, Decimal | None], ...] = (
            ("deployment", "total", ceilings.deployment),
            ("dataset", f"dataset#{after.dataset}", ceilings.dataset),
        )
        sums = [_addition(after.month, sort, difference, limit) for _, sort, limit in limits]
        own = [_put(before, after), *([place] if place else [])]
        reasons = self._transact(*own, *(sums if difference else []))
        if CONDITION in reasons[: len(own)]:
            raise _ChangedMeanwhileError
        failed = zip(limits, reasons[len(own) :], strict=False)
        return tuple(name for (name, _, _), reason in failed if reason == CONDITION)


def _put(before: LedgerEntry | None, after: LedgerEntry) -> Action:
    item = key(_partition(after.month), run_key(after.run_id)) | {
        "entry": {"S": after.model_dump_json()},
        "version": {"N": str(after.version)},
    }
    if before is None:
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    unchanged: dict[str, Any] = {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(before.version)}},
    }
    return {"Put": {"Item": item, **unchanged}}


def _place(entry: LedgerEntry) -> Action:
    """Where the entry is. Of two attempts in two months, the second finds the month of the first."""
    item = key("ledger#runs", entry.run_id) | {"month": {"S": entry.month}}
    return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}


def _addition(month: str, sort: str, usd: Decimal, limit: Decimal | None) -> Action:
    """Adds to a sum. A sum may be lowered above its ceiling, but not raised."""
    values = {":usd": {"N": f"{usd:f}"}}
    update: dict[str, Any] = {"Key": key(_partition(month), sort), "UpdateExpression": "ADD committed :usd"}
    if limit is not None and usd > 0:
        room = limit - usd
        # Conditions cannot add: the sum so far is compared with what the ceiling leaves for it.
        first = " OR attribute_not_exists(committed)" if room >= 0 else ""
        update["ConditionExpression"] = f"committed <= :room{first}"
        values[":room"] = {"N": f"{room:f}"}
    return {"Update": {**update, "ExpressionAttributeValues": values}}


def _entry(item: Response) -> LedgerEntry:
    return parse(LedgerEntry, item["entry"]["S"], f"the ledger's item {item['pk']['S']}, {item['sk']['S']}")


def _partition(month: str) -> str:
    return f"ledger#{month}"
