"""Readers turn any bytes into records or a clear finding, never into an exception or a wrong record."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.fuzz.invariants import strict_json
from tests.unit.datasets.memory_files import CLAUDE, MemorySource, jsonl, pairs
from tests.unit.datasets.reading.zstandard import zstd
from tuner.catalog import model
from tuner.datasets import Findings
from tuner.datasets.io import NoSink
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.reading import BadRow, Row, UnreadableError, blocks
from tuner.datasets.reading.budget import MAX_RECORD_BYTES
from tuner.datasets.records.rules import RecordLimits
from tuner.settings import FieldNames

GOOD = jsonl(pairs(5))
ARRAY = json.dumps(pairs(5), indent=1, ensure_ascii=False).encode()
NAMES = ["t.json", "t.jsonl", "t.csv", "t.tsv", "t.parquet", "t.json.gz", "t.csv.zst"]
SEEDS = [GOOD, ARRAY, b"question,answer\nq,a\n", gzip.compress(GOOD), zstd.compress(ARRAY), b"PAR1" + GOOD + b"PAR1"]
CHUNKS = st.sampled_from([1, 3, 50, 10**6])


def read(data: bytes, name: str = "t.json", chunk: int = 50) -> tuple[list[Row | BadRow], UnreadableError | None]:
    found: list[Row | BadRow] = []
    try:
        for block in blocks(MemorySource(name, data, chunk)):
            found += block.rows()
    except UnreadableError as error:
        return found, error
    return found, None


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with some bytes cut out, put in or overwritten."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 20)))
        data[start:stop] = draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b"[", b"}", b"\n", b",", b"\\"]))
        )
    return bytes(data)


@pytest.mark.slow
@given(st.one_of(st.binary(max_size=200), damaged()), st.sampled_from(NAMES), CHUNKS)
@settings(max_examples=examples(60))
def test_any_bytes_are_read_or_refused(data, name, chunk):
    findings = Findings()
    reading = FilePipeline(
        MemorySource(name, data, chunk), RecordLimits(model(CLAUDE), "training"), FieldNames(), findings
    )
    output = Output(NoSink())
    reading.convert(output)
    assert output.records or findings.errors
    for finding in findings.kept:
        assert str(finding).isprintable()


@pytest.mark.slow
@given(damaged(), CHUNKS)
@example(b"[1,2", 1)
@example(b"[12, 3]", 1)
@example(b'["\\ud83d"]', 1)
@settings(max_examples=examples(60))
def test_an_array_is_read_as_by_the_standard_parser(data, chunk):
    if not data.lstrip().startswith(b"["):
        return
    found, error = read(data, chunk=chunk)
    try:
        expected = strict_json(data.decode())
    except (ValueError, RecursionError):
        assert error or any(isinstance(row, BadRow) for row in found)
        return
    assert error is None
    assert [row.value for row in found if isinstance(row, Row)] == expected


@given(damaged(), CHUNKS)
@settings(max_examples=examples(40))
def test_lines_are_read_as_by_the_standard_parser(data, chunk):
    if not data.lstrip().startswith(b"{"):
        return
    found, stopped = read(data, "t.jsonl", chunk)
    by_line = {row.line: row for row in found}
    for number, line in enumerate(data.split(b"\n"), 1):
        if stopped and stopped.line is not None and number >= stopped.line:
            return  # Nothing is read after an object that goes over several lines, for example.
        try:
            expected = strict_json(line.decode())
        except (ValueError, RecursionError):
            assert not isinstance(by_line.get(number), Row)
        else:
            assert by_line[number] == Row(number, expected)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), CHUNKS)
def test_lines_are_counted_in_arrays(gaps, chunk):
    text = "[" + ",".join("\n" * gap + '{"question": "q",\n"answer": "a"}' for gap in gaps) + "]"
    found, error = read(text.encode(), chunk=chunk)
    assert error is None
    line, expected = 1, []
    for gap in gaps:
        expected.append(line + gap)
        line += gap + 1
    assert [row.line for row in found] == expected


class OneLine:
    """A gigabyte on one line, made while it is read."""

    def __init__(self, name: str, start: bytes) -> None:
        self.name = name
        self.taken = 0
        self._start = start

    def chunks(self) -> Iterator[bytes]:
        piece = b"x" * 2**18
        yield self._start
        while self.taken < 2**30:
            self.taken += len(piece)
            yield piece


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("t.json", b'[{"question": "'),
        ("t.jsonl", b'{"question": "'),
        ("t.jsonl", b'{"question": "q", "answer": '),
        ("t.csv", b'question,answer\n"'),
        ("t.csv", b"question,answer\n"),
        ("t.csv", b""),
        ("t.tsv", b"question\tanswer\nq\t"),
    ],
)
def test_a_line_of_a_gigabyte_is_refused_early_in_little_memory(name, start):
    source = OneLine(name, start)
    tracemalloc.start()
    with pytest.raises(UnreadableError) as raised:
        for block in blocks(source):
            list(block.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert raised.value.issue.rule in ("record-size", "csv-quotes", "json")
    assert source.taken <= 3 * MAX_RECORD_BYTES
    assert peak < 150 * 2**20


@pytest.mark.slow
def test_a_long_array_on_one_line_is_accepted():
    record, taken = b'{"question": "q", "answer": "%s"}' % (b"a" * 3000), 0

    class Long:
        name = "t.json"

        def chunks(self) -> Iterator[bytes]:
            yield b"[" + record
            for _ in range(40):
                yield (b"," + record) * 100
            yield b"]"

    tracemalloc.start()
    for block in blocks(Long()):
        taken += sum(isinstance(row, Row) for row in block.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken == 4001
    assert peak < 20 * 2**20


@pytest.mark.slow
def test_a_compression_bomb_is_decompressed_in_small_pieces():
    bomb = gzip.compress(b"[" + b" " * 2**26)
    assert len(bomb) < 100_000
    tracemalloc.start()
    _, error = read(bomb, "t.json.gz", 2**16)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error
    assert error.issue.rule == "truncated"
    assert peak < 2**23


def test_records_that_are_not_objects():
    found, error = read(b'[1, [2], "three", null, true, 1.5e3]')
    assert error is None
    assert [row.value for row in found if isinstance(row, Row)] == [1, [2], "three", None, True, 1500]
