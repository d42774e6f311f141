"""A reader stops where a file has more than can be used: records, unpacked bytes, fields, levels, time."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

import pytest

from tests.unit.datasets.good_files import as_array, as_csv, as_parquet, as_tsv, as_xlsx
from tests.unit.datasets.memory_files import LLAMA, NOVA, MemorySink, MemorySource, pairs
from tests.unit.datasets.reading.zstandard import zstd
from tuner.catalog import model
from tuner.datasets import Findings
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.reading import Budget, BudgetUse, UnreadableError, blocks
from tuner.datasets.records.file_rules import MAX_QUESTIONS, reading_budget
from tuner.datasets.records.rules import RecordLimits
from tuner.decoders.process import DEEPEST, MOST_FIELDS, is_too_deep
from tuner.settings import FieldNames


class Repeated:
    """Records without end, of which it is known how many bytes were taken."""

    def __init__(self, name: str, record: bytes, before: bytes = b"") -> None:
        self.name, self._record, self._before, self.taken = name, record, before, 0

    def chunks(self) -> Iterator[bytes]:
        block = self._record * (2**18 // len(self._record))
        yield self._before
        while True:
            self.taken += len(block)
            yield block


def converted(source: Repeated | MemorySource, budget: Budget) -> tuple[Findings, Output]:
    findings, output = Findings(), Output(MemorySink())
    limits = RecordLimits(model(NOVA), "training")
    FilePipeline(source, limits, FieldNames(), findings, budget=budget).convert(output)
    return findings, output


GOOD = b'{"question": "What is it?", "answer": "An endpoint."}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "record", "before"),
    [
        ("t.jsonl", GOOD + b"\n", b""),
        ("t.json", GOOD + b",\n", b"["),
        ("t.json", GOOD + b",", b'{"data": ['),
        ("t.csv", b"What is it?,An endpoint.\n", b"question,answer\n"),
        ("t.tsv", b"What is it?\tAn endpoint.\n", b"question\tanswer\n"),
        ("t.jsonl", b'{"question": "What is it?"}\n', GOOD + b"\n"),  # refused records count too
        ("t.jsonl", b"\n", GOOD + b"\n"),
        ("t.jsonl", b"[\n", GOOD + b"\n"),
        ("t.json", b"1,", b"[" + GOOD + b","),
    ],
)  # fmt: skip
def test_reading_stops_soon_after_the_last_record_that_can_be_used(name: str, record: bytes, before: bytes) -> None:
    source = Repeated(name, record, before)
    findings, output = converted(source, Budget(2_000, "the most that Nova Micro takes"))
    (message,) = [finding.message for finding in findings.kept if finding.rule == "record-count"]
    assert message == "the file has more than 2,000 records, the most that Nova Micro takes. The rest was not read."
    assert output.records <= 2_000 + 2**19 // len(record), "the rest of a block, at most"
    assert source.taken < 2_000 * len(record) + 3 * 2**20


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress, lambda data: data.decode().encode("utf-16")])
def test_packed_records_count_as_what_they_are(pack) -> None:
    data = pack((GOOD + b"\n") * 100_000)
    findings, output = converted(MemorySource("t.jsonl", data, 2**18), reading_budget(model(NOVA), "training"))
    assert findings.counts["record-count"] == 1
    assert output.records < 27_000, "of 100,000"
    findings, _ = converted(MemorySource("t.jsonl", data, 2**18), Budget(unpacked_bytes=2**20))
    assert "has more than 0.000977 GiB when it is unpacked" in findings.kept[0].message


@pytest.mark.slow
@pytest.mark.parametrize("write", [as_array, as_csv, as_tsv, as_parquet, as_xlsx])
def test_every_format_counts_its_records(write) -> None:
    data = write(pairs(3000))
    name = {as_array: "t.json", as_csv: "t.csv", as_tsv: "t.tsv", as_parquet: "t.parquet", as_xlsx: "t.xlsx"}[write]
    findings, output = converted(MemorySource(name, data, 2**14), Budget(records=100))
    assert findings.counts["record-count"] == 1
    assert output.records <= 1100


def test_a_file_just_over_the_limit_is_read_to_its_end() -> None:
    """So that the finding says how many records it has."""
    findings, output = converted(MemorySource("t.jsonl", (GOOD + b"\n") * 101, 2**18), Budget(records=100))
    assert (findings.counts["record-count"], output.records) == (0, 101)


def test_the_time_is_that_of_all_files_together() -> None:
    source = MemorySource("t.jsonl", (GOOD + b"\n") * 10, 2**18)
    findings, output = converted(source, Budget(ends_at=time.monotonic() - 1))
    assert (findings.kept[0].rule, output.records) == ("reading-time", 0)


@pytest.mark.parametrize(
    ("name", "role", "most"),
    [
        (NOVA, "training", 20_000),
        (NOVA, "validation", 20_000),
        (LLAMA, "training", 10_000),
        (LLAMA, "validation", 1_000),
        (NOVA, "evaluation", MAX_QUESTIONS),
    ],
)
def test_the_budget_is_that_of_the_model(name: str, role, most: int) -> None:
    assert reading_budget(model(name), role).records == most


def issue_of(name: str, data: bytes) -> str:
    """The rule of the finding about the whole file or about its only record."""
    findings, _ = converted(MemorySource(name, data, 2**18), Budget())
    return next(finding.rule for finding in findings.kept)


@pytest.mark.slow
def test_fields_and_levels_are_limited_in_every_format() -> None:
    names = [f"f{number}" for number in range(MOST_FIELDS + 1)]
    many = dict.fromkeys(names, "x")
    assert issue_of("t.csv", ",".join(names).encode()) == "field-count"
    assert issue_of("t.tsv", "\t".join(names).encode()) == "field-count"
    assert issue_of("t.jsonl", GOOD + b"\n" + json.dumps(many).encode() + b"\n") == "field-count"
    assert issue_of("t.json", b"[" + GOOD + b"," + json.dumps(many).encode() + b"]") == "field-count"
    assert "fields" in converted(MemorySource("t.parquet", as_parquet([many]), 2**18), Budget())[0].kept[0].message
    assert "fields" in converted(MemorySource("t.xlsx", as_xlsx([many]), 2**18), Budget())[0].kept[0].message
    deep = b'{"question": ' + b"[" * DEEPEST + b"]" * DEEPEST + b', "answer": "x"}'
    assert issue_of("t.jsonl", GOOD + b"\n" + deep + b"\n") == "nesting"
    assert issue_of("t.json", b"[" + GOOD + b"," + deep + b"]") == "nesting"


def test_the_different_fields_of_all_records_are_limited() -> None:
    lines = b"".join(GOOD[:-1] + b', "f%d": "x"}\n' % number for number in range(20_000))
    findings, _ = converted(MemorySource("t.jsonl", lines, 2**14), Budget())
    assert findings.counts["field-count"] == 1


@pytest.mark.slow
def test_a_row_of_a_table_with_any_number_of_lines_is_limited() -> None:
    source = Repeated("t.csv", b'"two\nlines",', b"question,answer\n")
    with pytest.raises(UnreadableError) as caught:
        list(blocks(source, spent=BudgetUse(Budget())))
    assert (caught.value.line, caught.value.issue.rule) == (2, "csv-quotes")
    assert source.taken < 10 * 2**20


@pytest.mark.slow
def test_long_names_are_shortened_in_findings_and_in_the_report() -> None:
    name = "n" * 2**20
    findings, _ = converted(MemorySource("t.jsonl", b'{"%s": 1}\n' % name.encode() * 3, 2**18), Budget())
    assert len(findings.artifact().to_json()) < 10_000
    pipeline = FilePipeline(
        MemorySource("t.jsonl", GOOD[:-1] + b', "%s": "x"}' % name.encode(), 2**18),
        RecordLimits(model(NOVA), "training"),
        FieldNames(),
        Findings(),
    )
    pipeline.convert(Output(MemorySink()))
    assert len(pipeline.fields.left_out[0]) == 200


def test_levels_are_counted_without_recursion() -> None:
    value: object = []
    for _ in range(100_000):
        value = [value]
    assert is_too_deep(value)
    assert not is_too_deep({"a": [{"b": 1}]})
