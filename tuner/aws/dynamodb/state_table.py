"""The DynamoDB table of shared state: reads an item, and writes several items together or not at all."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from botocore.exceptions import ClientError

from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.core.errors import RetryableError

# Put, Update or Delete, and its parameters without the table's name.
Action: TypeAlias = Mapping[str, Response]

ATTEMPTS = 12
"""Attempts of a transaction, and of a change that is computed from what was read before."""
CONDITION = "ConditionalCheckFailed"
"""The reason of an action whose condition does not hold."""
# Another transaction changes one of the items: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
_CONFLICT = "TransactionConflict"


class StateTable:
    """Calls: dynamodb:GetItem, and TransactWriteItems, which needs the permissions of the actions that it combines.

    `name` is what the items are, for messages.
    """

    name: ClassVar[str]

    def __init__(self, table: str, api: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._api = api or client("dynamodb")
        self._sleep = sleep

    def _get(self, partition: str, sort: str) -> Response | None:
        """The item with this key, or None. The read is strongly consistent."""
        with mapped_errors(f"read {self.name}"):
            found = self._api.get_item(TableName=self._table, Key=key(partition, sort), ConsistentRead=True)
        item: Response | None = found.get("Item")
        return item

    def _transact(self, *actions: Action) -> Sequence[str]:
        """Writes all or nothing. Returns the reason of each action when a condition does not hold, else nothing.

        Raises RetryableError when other transactions change the same items all the time.
        """
        items = [{kind: {"TableName": self._table, **body}} for action in actions for kind, body in action.items()]
        for attempt in range(ATTEMPTS):
            with mapped_errors(f"change {self.name}"):
                reasons = self._attempt(items)
            if _CONFLICT not in reasons or CONDITION in reasons:
                return reasons
            self._sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
        name = self.name[0].upper() + self.name[1:]
        raise RetryableError(f"{name} is busy: other runs change it all the time. Try again later.")

    def _attempt(self, items: Sequence[Action]) -> Sequence[str]:
        """Writes once. Returns the reasons why a condition did not hold, or why other transactions were in the way."""
        try:
            self._api.transact_write_items(TransactItems=items)
        except ClientError as error:
            found = error.response.get("CancellationReasons", ())
            reasons = [str(one.get("Code", "")) for one in found]
            if code_of(error) == "TransactionCanceledException" and {CONDITION, _CONFLICT} & set(reasons):
                return reasons
            raise
        return ()


def key(partition: str, sort: str) -> dict[str, dict[str, str]]:
    """The key of an item."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def run_key(run_id: str) -> str:
    """The sort key of a run's item."""
    return f"run#{run_id}"
