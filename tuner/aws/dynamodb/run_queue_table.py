"""The places that runs share, and the runs that wait for one, in the table of shared state.

A pool is a partition. `places#<pool>` has these items, by sort key:

    pool                      the runs that have a place, how long runs kept theirs, and the account's quota
    run#<run>                 a run in the pool: its task tokens, since when it waits, when it got its place, and when
                              it registered last
    waiting#<since>#<run>     a run that waits. The order of these keys is the order of the queue.

Each change is one transaction with conditions, so that no crash leaves it half done and no two writers pass the number
of places.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import SecretStr

from tuner.aws.clients import Response
from tuner.aws.dynamodb.queue_state import Pool, PoolState, QueuedRun, WaitingRun
from tuner.aws.dynamodb.state_table import ATTEMPTS, CONDITION, Action, StateTable, key, run_key
from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import RetryableError

Admission = Literal["admitted", "full", "gone"]


class PlacesTable(StateTable):
    """Calls: dynamodb:GetItem, Query, PutItem, UpdateItem, DeleteItem."""

    name = "the queue for places"

    def register(self, pool: Pool, run: WaitingRun, token: SecretStr, at: dt.datetime) -> None:
        """Adds a run at the end of the queue. A run that is in the pool keeps its position and gets one more token."""
        item = _key(pool, run_key(run.run_id)) | {
            "run_id": {"S": run.run_id},
            "since": {"S": _time(run.since)},
            "tokens": {"SS": [token.get_secret_value()]},
            "registered_at": {"S": _time(at)},
        }
        absent = {"ConditionExpression": "attribute_not_exists(pk)"}
        ticket = _key(pool, _waiting(run)) | {"run_id": {"S": run.run_id}}
        if self._write({"Put": {"Item": item, **absent}}, {"Put": {"Item": ticket}}):
            return
        changed = self._write(
            {
                "Update": {
                    "Key": _key(pool, run_key(run.run_id)),
                    "UpdateExpression": "ADD tokens :token SET registered_at = :at REMOVE woken",
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": {
                        ":token": {"SS": [token.get_secret_value()]},
                        ":at": {"S": _time(at)},
                    },
                }
            }
        )
        if not changed:
            raise RetryableError(f"The run {run.run_id} left the queue for {pool} while it was registered.")

    def limit(self, pool: Pool, quota: int) -> None:
        """Records how many places the account's quota allows."""
        with mapped_errors(f"change the queue for {pool}"):
            self._api.update_item(
                TableName=self._table,
                Key=_key(pool, "pool"),
                UpdateExpression="SET quota = :quota",
                ExpressionAttributeValues={":quota": {"N": str(quota)}},
            )

    def first(self, pool: Pool) -> WaitingRun | None:
        """The run that waits longest."""
        return next(self._waiting(pool, 1), None)

    def waiting(self, pool: Pool) -> tuple[WaitingRun, ...]:
        """The runs that wait, the first one first."""
        return tuple(self._waiting(pool, None))

    def state(self, pool: Pool) -> PoolState:
        """The runs that have a place, and how long runs kept theirs."""
        item = self._get(_partition(pool), "pool") or {}
        names = sorted(item.get("holders", {}).get("SS", ()))
        found = [run for name in names if (run := self.run(pool, name))]
        return PoolState(
            holders=tuple(found),
            quota=int(item["quota"]["N"]) if "quota" in item else None,
            kept_seconds=float(item.get("kept_seconds", {}).get("N", 0)),
            kept_count=int(item.get("kept_count", {}).get("N", 0)),
        )

    def run(self, pool: Pool, run_id: str) -> QueuedRun | None:
        """A run in the pool, or None."""
        item = self._get(_partition(pool), run_key(run_id))
        return _queued(item) if item else None

    def admit(self, pool: Pool, run: WaitingRun, places: int, at: dt.datetime) -> Admission:
        """Gives a waiting run a place: `full` when there is none, `gone` when the run does not wait any more."""
        reasons = self._transact(
            {
                "Update": {
                    "Key": _key(pool, "pool"),
                    "UpdateExpression": "ADD holders :run",
                    "ConditionExpression": "attribute_not_exists(holders) OR size(holders) < :places",
                    "ExpressionAttributeValues": {":run": {"SS": [run.run_id]}, ":places": {"N": str(places)}},
                }
            },
            {"Delete": {"Key": _key(pool, _waiting(run)), "ConditionExpression": "attribute_exists(pk)"}},
            {
                "Update": {
                    "Key": _key(pool, run_key(run.run_id)),
                    "UpdateExpression": "SET admitted_at = :at",
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": {":at": {"S": _time(at)}},
                }
            },
        )
        if not reasons:
            return "admitted"
        return "gone" if CONDITION in reasons[1:] else "full"

    def mark_woken(self, pool: Pool, run: QueuedRun) -> None:
        """Records that the run knows of its place. A run that has registered again since then is woken again."""
        self._write(
            {
                "Update": {
                    "Key": _key(pool, run_key(run.run_id)),
                    "UpdateExpression": "SET woken = :yes",
                    # Tokens are never removed: if their number is the same, none was added.
                    "ConditionExpression": "size(tokens) = :count",
                    "ExpressionAttributeValues": {":yes": {"BOOL": True}, ":count": {"N": str(len(run.tokens))}},
                }
            }
        )

    def leave(
        self,
        pool: Pool,
        run_id: str,
        at: dt.datetime,
        since: dt.datetime | None = None,
        ended: dt.datetime | None = None,
    ) -> bool:
        """Takes a run out of the pool, whether it has a place or waits. False when it is not in the pool.

        A run that has entered the pool after `since` stays, and so does one that has registered after `ended`.
        """
        for _ in range(ATTEMPTS):
            run = self.run(pool, run_id)
            if run is None or (since and run.since > since) or run.registered_after(ended):
                return False
            # Between the reading and this transaction, the run may get its place or register. Then it is read again.
            if self._write(*_departure(pool, run, at)):
                return True
        raise RetryableError(f"The run {run_id} could not leave the queue for {pool}: others change it all the time.")

    def _waiting(self, pool: Pool, limit: int | None) -> Iterator[WaitingRun]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :waiting)",
            "ExpressionAttributeValues": {":pk": {"S": _partition(pool)}, ":waiting": {"S": "waiting#"}},
            "ConsistentRead": True,
        }
        with mapped_errors(f"read the queue for {pool}"):
            if limit:
                pages = iter([self._api.query(**request, Limit=limit)])
            else:
                pages = iter(self._api.get_paginator("query").paginate(**request))
            for page in pages:
                for item in page["Items"]:
                    since = item["sk"]["S"].split("#")[1]
                    yield WaitingRun(run_id=item["run_id"]["S"], since=dt.datetime.fromisoformat(since))

    def _write(self, *actions: Action) -> bool:
        """Writes all or nothing. False when a condition does not hold."""
        return not self._transact(*actions)


def _departure(pool: Pool, run: QueuedRun, at: dt.datetime) -> Iterator[Action]:
    """The transaction that removes a run, with or without a place. It fails if the run has changed since it was read.

    For a run with a place, the pool's statistics get the time that it kept the place. `expected_starts` needs them.
    """
    count = {":count": {"N": str(len(run.tokens))}}  # as in mark_woken
    unchanged: dict[str, Any] = {
        "ConditionExpression": "since = :since AND size(tokens) = :count AND attribute_not_exists(admitted_at)",
        "ExpressionAttributeValues": {":since": {"S": _time(run.since)}} | count,
    }
    removal: dict[str, Any] = {
        "UpdateExpression": "DELETE holders :run",
        "ExpressionAttributeValues": {":run": {"SS": [run.run_id]}},
    }
    if run.admitted_at:
        seconds = max(0.0, (at - run.admitted_at).total_seconds())
        unchanged = {
            "ConditionExpression": "admitted_at = :at AND size(tokens) = :count",
            "ExpressionAttributeValues": {":at": {"S": _time(run.admitted_at)}} | count,
        }
        removal["UpdateExpression"] += " ADD kept_seconds :seconds, kept_count :one"
        removal["ExpressionAttributeValues"] |= {":seconds": {"N": f"{seconds:.3f}"}, ":one": {"N": "1"}}
    yield {"Update": {"Key": _key(pool, "pool"), **removal}}
    yield {"Delete": {"Key": _key(pool, run_key(run.run_id)), **unchanged}}
    yield {"Delete": {"Key": _key(pool, _waiting(WaitingRun(run_id=run.run_id, since=run.since)))}}


def _queued(item: Response) -> QueuedRun:
    admitted, registered = (item.get(name, {}).get("S") for name in ("admitted_at", "registered_at"))
    return QueuedRun(
        run_id=item["run_id"]["S"],
        since=dt.datetime.fromisoformat(item["since"]["S"]),
        tokens=tuple(map(SecretStr, item["tokens"]["SS"])),
        registered_at=dt.datetime.fromisoformat(registered) if registered else None,
        admitted_at=dt.datetime.fromisoformat(admitted) if admitted else None,
        woken="woken" in item,
    )


def _partition(pool: Pool) -> str:
    return f"places#{pool}"


def _key(pool: Pool, sort: str) -> dict[str, dict[str, str]]:
    return key(_partition(pool), sort)


def _waiting(run: WaitingRun) -> str:
    return f"waiting#{_time(run.since)}#{run.run_id}"


def _time(at: dt.datetime) -> str:
    """The time as text. All texts have the same length, so they sort like the times."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds")
