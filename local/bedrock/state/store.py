"""Tables of records. Each record is kept in memory and in a JSON file, so that a restarted server still has it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Generic, TypeVar

from local.bedrock.state.account_region import AccountRegion
from local.bedrock.state.records import (
    Bill,
    Call,
    CustomModel,
    Deployment,
    InvocationJob,
    Job,
    Record,
    StoredModel,
    Throughput,
)

R = TypeVar("R", bound=Record)
_may_be_stale: ContextVar[bool] = ContextVar("whether a Get or List operation reads the tables", default=False)


@contextmanager
def eventually_consistent_reads() -> Iterator[None]:
    """Reads inside may miss a record that was just created, as Get and List operations of AWS do."""
    token = _may_be_stale.set(True)
    try:
        yield
    finally:
        _may_be_stale.reset(token)


class Table(Generic[R]):
    """Records of one kind by id. Every change is written to disk before the call returns.

    `stale_reads` returns how many eventually consistent reads miss a record that is created now.
    """

    def __init__(
        self, kind: type[R], folder: Path, lock: threading.RLock, stale_reads: Callable[[], int] = lambda: 0
    ) -> None:
        self._folder = folder
        self._lock = lock
        self._stale_reads = stale_reads
        self._remaining_misses: dict[str, int] = {}
        found = [kind.model_validate_json(path.read_bytes()) for path in folder.glob("*.json")]
        self._records = {record.id: record for record in sorted(found, key=lambda record: record.created)}

    def put(self, record: R) -> R:
        """Adds or replaces a record."""
        with self._lock:
            # The folder is created with the first record: `local.cloud` refuses a folder that it did not make itself.
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{record.id}.json"
            # A server that is still ending may write the same record: each writer has a draft of its own.
            draft = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
            draft.write_text(record.model_dump_json(), encoding="utf-8")
            draft.replace(path)
            if record.id not in self._records:
                self._remaining_misses[record.id] = self._stale_reads()
            self._records[record.id] = record
            return record

    def update(self, identifier: str, **changes: Any) -> R:
        """Replaces some fields of the record with this id."""
        with self._lock:
            return self.put(self._records[identifier].model_copy(update=changes))

    def delete(self, identifier: str) -> None:
        """Deletes the record with this id."""
        with self._lock:
            del self._records[identifier]
            (self._folder / f"{identifier}.json").unlink(missing_ok=True)

    def by_id(self, identifier: str) -> R | None:
        """The record with this id, in any account."""
        return self._records.get(identifier)

    def find(self, account_region: AccountRegion, identifier: str) -> R | None:
        """The record with this ARN, name or id in an account and Region."""
        return next(self._visible(r for r in self._in(account_region) if identifier in (r.arn, r.name, r.id)), None)

    def with_token(self, account_region: AccountRegion, token: str | None) -> R | None:
        """The record that an earlier request with this clientRequestToken created."""
        # SDK retries repeat the token, so that a lost response does not lead to a second resource.
        return next((r for r in self.all(account_region) if token and r.token == token), None)

    def all(self, account_region: AccountRegion | None = None) -> Iterator[R]:
        """The records of an account and Region, or of all, in order of creation."""
        return self._visible(self._in(account_region))

    def _in(self, account_region: AccountRegion | None) -> Iterator[R]:
        with self._lock:
            records = list(self._records.values())
        return (record for record in records if account_region in (None, record.account_region))

    def _visible(self, records: Iterator[R]) -> Iterator[R]:
        for record in records:
            if _may_be_stale.get() and self._remaining_misses.get(record.id, 0) > 0:
                self._remaining_misses[record.id] -= 1
            else:
                yield record


class Store:
    """All tables and their folder. Hold `lock` around a check and the change that depends on it."""

    def __init__(self, folder: Path, stale_reads: Callable[[], int] = lambda: 0) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.jobs = Table(Job, folder / "jobs", self.lock, stale_reads)
        self.invocation_jobs = Table(InvocationJob, folder / "invocation_jobs", self.lock, stale_reads)
        self.models = Table(CustomModel, folder / "models", self.lock, stale_reads)
        self.throughputs = Table(Throughput, folder / "throughputs", self.lock, stale_reads)
        self.deployments = Table(Deployment, folder / "deployments", self.lock, stale_reads)
        self.bills = Table(Bill, folder / "bills", self.lock)
        self.calls = Table(Call, folder / "calls", self.lock)
        self.stored_models = Table(StoredModel, folder / "stored_models", self.lock)

    def tables(self) -> tuple[Table[Any], ...]:
        """The tables of resources with tags: all but what is kept for the bill."""
        return (self.jobs, self.invocation_jobs, self.models, self.throughputs, self.deployments)

    def taggable(self, account_region: AccountRegion, arn: str) -> tuple[Table[Any], Record] | None:
        """The table and the record of the resource with this ARN."""
        for table in self.tables():
            record = table.find(account_region, arn)
            if record is not None and record.arn == arn:
                return table, record
        return None

    def tags(self, arn: str) -> dict[str, str] | None:
        """The tags of the resource with this ARN in any account, or None if there is no such resource."""
        for table in self.tables():
            for record in table.all():
                if record.arn == arn:
                    return dict(record.tags)
        return None

    def job_folder(self, job_id: str) -> Path:
        """The folder with a job's data, progress, log and weights."""
        return self.folder / "work" / job_id
