"""How much of a file is read. One budget applies to every format, packed or not.

A reader takes its bytes through `Spent.bytes_of`, and whoever uses the rows counts them with `Spent.count`. The limits
of a single record are constants: here, and in `decoders.process`, whose processes need them too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from tuner.datasets.findings import Issue

# No family accepts more than 32,000 tokens, so a longer record need not be read into memory before it is refused.
MAX_RECORD_BYTES = 8 * 2**20
_COUNTED_BEYOND = 1000


class UnreadableError(Exception):
    """The rest of the file, from this line on, cannot be read."""

    def __init__(self, line: int | None, issue: Issue) -> None:
        super().__init__(issue.message)
        self.line = line
        self.issue = issue


@dataclass(frozen=True, slots=True)
class Budget:
    """What one pass over a file may take. `ends_at` is a time of `time.monotonic()`, for all passes together.

    `reason` says whose limit `records` is, in a message. A family without such a limit still has one here: hardly more
    records fit into the 1 GiB that Bedrock takes of it.
    """

    records: int = 5_000_000
    reason: str = "the most that are read"
    unpacked_bytes: int = 4 * 2**30
    ends_at: float | None = None


class BudgetUse:
    """What one pass has taken of its budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._bytes = 0
        self._records = 0

    def count(self, records: int) -> None:
        """Adds records, refused ones included. `check` compares the sum."""
        self._records += records

    @property
    def is_far_over(self) -> bool:
        """Whether the rest of a block need not be read either. A file just over the limit is counted to its end."""
        return self._records > self._budget.records + _COUNTED_BEYOND

    def bytes_of(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same bytes. Raises UnreadableError when they are too many, or take too long."""
        for chunk in chunks:
            self._bytes += len(chunk)
            self.check()
            yield chunk

    def check(self) -> None:
        """Raises UnreadableError when more was taken than the budget has."""
        budget = self._budget
        if self._records > budget.records:
            message = f"the file has more than {budget.records:,} records, {budget.reason}. The rest was not read."
            raise UnreadableError(None, Issue("record-count", message, "Remove records, or choose another base model."))
        if self._bytes > budget.unpacked_bytes:
            size = f"{budget.unpacked_bytes / 2**30:,.3g} GiB"
            message = f"the file has more than {size} when it is unpacked. The rest was not read."
            raise UnreadableError(None, Issue("file-size", message, "Remove records, or fields that are not used."))
        if budget.ends_at is not None and time.monotonic() > budget.ends_at:
            message = "reading the dataset took too long. The rest was not read."
            remedy = "Remove records, or upload JSONL, which is read fastest."
            raise UnreadableError(None, Issue("reading-time", message, remedy))
