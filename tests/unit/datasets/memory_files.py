"""Sources and sinks in memory, and sample records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from tuner.artifacts.dataset import Finding
from tuner.catalog import model
from tuner.core.artifact_keys import Keys
from tuner.datasets import CheckedFile, Prepared, RecordLimits, convert
from tuner.settings import FieldNames

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA = "amazon.nova-micro-v1:0:128k"
NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k"


class MemorySource:
    """Bytes given in pieces of `chunk` bytes, so that every cut is tried."""

    def __init__(self, name: str, data: bytes, chunk: int = 64) -> None:
        self.name = name
        self._data = data
        self._chunk = chunk

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self._data), self._chunk):
            yield self._data[start : start + self._chunk]


class MemorySink:
    def __init__(self) -> None:
        self.written = b""
        self.committed: bytes | None = None

    def write(self, data: bytes) -> None:
        self.written += data

    def commit(self) -> None:
        self.committed = self.written

    def discard(self) -> None:
        self.written = b""


@dataclass
class Outcome:
    prepared: Prepared
    sinks: dict[str, MemorySink] = field(default_factory=dict)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.prepared.findings.kept if finding.severity == "error"]

    def lines(self, key: str) -> list[dict]:
        committed = self.sinks[key].committed
        assert committed is not None, f"{key} was not written: {[str(finding) for finding in self.errors]}"
        return [json.loads(line) for line in committed.decode().split("\n")[:-1]]

    @property
    def training(self) -> list[dict]:
        return self.lines(Keys.TRAINING)

    @property
    def validation(self) -> list[dict]:
        return self.lines(Keys.VALIDATION)

    @property
    def evaluation(self) -> list[dict]:
        return self.lines(Keys.EVALUATION)


def pairs(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"question": f"What is part {n}?", "answer": f"Part {n} is «{n}».\n"} for n in range(start, start + count)]


def jsonl(records: list[dict]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


DEFAULT_FIELDS = FieldNames()


def read(
    name: str, data: bytes, fields: FieldNames = DEFAULT_FIELDS, chunk: int = 10**6
) -> tuple[CheckedFile, list[tuple[str, str]]]:
    """The file's check, and the question and answer of each record as it is written."""
    sink = MemorySink()
    checked = convert(MemorySource(name, data, chunk), RecordLimits(model(CLAUDE), "training"), fields, sink)
    records = [json.loads(line)["messages"] for line in (sink.committed or b"").splitlines()]
    return checked, [(messages[-2]["content"], messages[-1]["content"]) for messages in records]


def rules(checked: CheckedFile) -> list[str]:
    """The rules of its findings. Small files have too few records."""
    return [finding.rule for finding in checked.findings.kept if finding.rule != "record-count"]
