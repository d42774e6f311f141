"""Tables of records, in memory and in one JSON file per record, so that a restarted server remembers them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Generic, TypeVar

from local.bedrock.account_region import Scope
from local.bedrock.records import Bill, CustomModel, Deployment, Job, Record, Throughput

R = TypeVar("R", bound=Record)
_reading: ContextVar[bool] = ContextVar("whether a Get or List operation reads the tables", default=False)


@contextmanager
def reading() -> Iterator[None]:
    """What is read inside may miss what was just made, as Get and List operations of AWS do."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


class Table(Generic[R]):
    """Records of one kind by id. Every change is on disk, whole, before the call returns.

    `stale_reads` says how many reads miss a record that is made now.
    """

    def __init__(
        self, kind: type[R], folder: Path, lock: threading.RLock, stale_reads: Callable[[], int] = lambda: 0
    ) -> None:
        self._folder = folder
        self._lock = lock
        self._stale_reads = stale_reads
        self._hidden: dict[str, int] = {}
        found = [kind.model_validate_json(path.read_bytes()) for path in folder.glob("*.json")]
        self._records = {record.id: record for record in sorted(found, key=lambda record: record.created)}

    def put(self, record: R) -> R:
        """Add or replace."""
        with self._lock:
            # Not before there is something to keep: a cloud's folder belongs to the cloud that made it.
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{record.id}.json"
            draft = path.with_suffix(".tmp")
            draft.write_text(record.model_dump_json(), encoding="utf-8")
            draft.replace(path)
            if record.id not in self._records:
                self._hidden[record.id] = self._stale_reads()
            self._records[record.id] = record
            return record

    def update(self, identifier: str, **changes: Any) -> R:
        """Replace some fields of the record with this id."""
        with self._lock:
            return self.put(self._records[identifier].model_copy(update=changes))

    def delete(self, identifier: str) -> None:
        """Forget the record with this id."""
        with self._lock:
            del self._records[identifier]
            (self._folder / f"{identifier}.json").unlink(missing_ok=True)

    def by_id(self, identifier: str) -> R | None:
        """The record with this id, whatever its account."""
        return self._records.get(identifier)

    def find(self, scope: Scope, identifier: str) -> R | None:
        """The record that an ARN or a name means in this account and Region."""
        return next(self._seen(r for r in self._in(scope) if identifier in (r.arn, r.name, r.id)), None)

    def with_token(self, scope: Scope, token: str | None) -> R | None:
        """The record that an earlier request with this clientRequestToken made."""
        return next((r for r in self.all(scope) if token and r.token == token), None)

    def all(self, scope: Scope | None = None) -> Iterator[R]:
        """In order of creation."""
        return self._seen(self._in(scope))

    def _in(self, scope: Scope | None) -> Iterator[R]:
        with self._lock:
            records = list(self._records.values())
        return (record for record in records if scope in (None, record.scope))

    def _seen(self, records: Iterator[R]) -> Iterator[R]:
        for record in records:
            if _reading.get() and self._hidden.get(record.id, 0) > 0:
                self._hidden[record.id] -= 1
            else:
                yield record


class Store:
    """All tables and the folder they live in. Hold `lock` around a check and the change that depends on it."""

    def __init__(self, folder: Path, stale_reads: Callable[[], int] = lambda: 0) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.jobs = Table(Job, folder / "jobs", self.lock, stale_reads)
        self.models = Table(CustomModel, folder / "models", self.lock, stale_reads)
        self.throughputs = Table(Throughput, folder / "throughputs", self.lock, stale_reads)
        self.deployments = Table(Deployment, folder / "deployments", self.lock, stale_reads)
        self.bills = Table(Bill, folder / "bills", self.lock)

    def tables(self) -> tuple[Table[Any], ...]:
        """Those whose records are resources of their own, with tags."""
        return (self.jobs, self.models, self.throughputs, self.deployments)

    def taggable(self, scope: Scope, arn: str) -> tuple[Table[Any], Record] | None:
        """The table and record of the resource with this ARN."""
        for table in self.tables():
            record = table.find(scope, arn)
            if record is not None and record.arn == arn:
                return table, record
        return None

    def job_folder(self, job_id: str) -> Path:
        """Where a job's data, progress, log and weights are."""
        return self.folder / "work" / job_id
