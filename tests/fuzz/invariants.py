"""Properties of the readers that hold for any bytes. A violation raises AssertionError.

- a file gives records, or a finding with words that can be shown; nothing is raised
- how the bytes arrive (in which pieces) changes nothing, nor does the short way
- every line that is written is a record of texts, and there are as many as were counted
- the rows of JSON, JSONL, CSV and TSV are those of Python's own parsers, read from the decompressed bytes
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.unit.datasets.memory_files import CLAUDE, NOVA, MemorySink, MemorySource
from tests.unit.datasets.reading.zstandard import zstd
from tuner.artifacts.dataset import DatasetFindings
from tuner.catalog import model
from tuner.datasets import Findings
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.reading import BadRow, Row, UnreadableError, blocks
from tuner.datasets.reading.mistaken_files import mistaken_file
from tuner.datasets.reading.question_map import is_question_map
from tuner.datasets.reading.wrapped import Incomplete, place_of_records
from tuner.datasets.records.rules import RecordLimits
from tuner.settings import FieldNames

NAMES = ("t.json", "t.jsonl", "t.csv", "t.tsv", "t.parquet", "t.json.gz", "t.csv.zst", "t.xlsx")
CHUNKS = (1, 7, 300, 10**6)
MODELS = (CLAUDE, NOVA)
_REFUSED = object()
_LOOKS_LIKE_JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*\{)')
DECODED_ELSEWHERE = (b"PAR1", b"PK\x03\x04")  # through a file and another process, whatever pieces it came in


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A file, and how it is read."""

    name: str
    chunk: int
    model: str
    data: bytes


def fuzzed(data: bytes) -> Fuzzed:
    """The first byte says how the others are read, so that one string of bytes is the whole case."""
    number, rest = (data[0], data[1:]) if data else (0, b"")
    kinds = len(NAMES)
    return Fuzzed(NAMES[number % kinds], CHUNKS[number // kinds % 4], MODELS[number // (4 * kinds) % 2], rest)


def check(data: bytes) -> None:
    """Raises AssertionError when one of the properties does not hold."""
    case = fuzzed(data)
    whole = _converted(case, 10**7, use_fast_path=True)
    written, findings, count = whole
    assert count or findings.errors, "neither records nor an error"
    for finding in findings.findings:
        text = f"{finding.field}{finding.message}{finding.remedy}"
        assert text.isprintable(), "a finding cannot be shown"
    lines = written.decode("utf-8").split("\n")[:-1]
    assert len(lines) == count, "another number of lines than of records"
    for line in lines:
        assert _texts(json.loads(line)), "an empty text was written"
    if case.data.startswith(DECODED_ELSEWHERE):
        return
    assert _converted(case, case.chunk, use_fast_path=True) == whole, "the pieces that it came in made a difference"
    assert _converted(case, 10**7, use_fast_path=False) == whole, "the fast path made a difference"
    _compare(case)


def _converted(case: Fuzzed, chunk: int, use_fast_path: bool) -> tuple[bytes, DatasetFindings, int]:
    findings, sink = Findings(), MemorySink()
    output = Output(sink)
    source = MemorySource(case.name, case.data, chunk)
    limits = RecordLimits(model(case.model), "training")
    FilePipeline(source, limits, FieldNames(), findings, use_fast_path).convert(output)
    return sink.written, findings.artifact(), output.records


def _texts(record: dict[str, Any]) -> bool:
    contents = [message["content"] for message in record["messages"]]
    texts = [content if isinstance(content, str) else content[0]["text"] for content in contents]
    return len(texts) >= 2 and all(text.strip() for text in texts)


def _compare(case: Fuzzed) -> None:
    """With what Python's own parsers read, where they read the whole file."""
    found, error = _rows(case)
    expected = _expected(case)
    if expected is None:
        return
    good = [row.value for row in found if isinstance(row, Row)]
    assert good == [value for value in expected if value is not _REFUSED], "other rows than Python's parser gives"
    assert error is None or not good, "a file that Python's parser reads was not read to its end"


def _rows(case: Fuzzed) -> tuple[list[Row | BadRow], UnreadableError | None]:
    found: list[Row | BadRow] = []
    try:
        for block in blocks(MemorySource(case.name, case.data, case.chunk)):
            found += block.rows()
    except UnreadableError as error:
        return found, error
    return found, None


def _expected(case: Fuzzed) -> list[Any] | None:
    """The rows by Python's parsers, _REFUSED for one that they refuse; None when this knows nothing of such a file."""
    data = _decompressed(case.data)
    if data is None or not data.strip() or data.startswith(DECODED_ELSEWHERE) or not _is_plain(data):
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")
    endings = case.name.split(".")[1:]
    if not _LOOKS_LIKE_JSON.match(data) and {"csv", "tsv"} & set(endings):
        return _expected_csv(data, "tsv" in endings)
    start = data.lstrip()
    if start.startswith(b"["):
        value = _json(data)
        return value if isinstance(value, list) else None
    return _expected_lines(data) if start.startswith(b"{") else None


def _is_plain(data: bytes) -> bool:
    """Whether this is a text in UTF-8, and none of the files that are recognized as something else."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0")) or b"\0" in data[:8]
    return not marked and mistaken_file(data.removeprefix(b"\xef\xbb\xbf")) is None


def _expected_lines(data: bytes) -> list[Any] | None:
    """The object of each line; None if a list inside of the first object has the records, or the first line is bad."""
    try:
        inside = place_of_records(data, None, lambda _: False)
    except Incomplete:
        inside = None
    values = [_json(line) for line in data.split(b"\n") if line.strip()]
    is_map = len(values) == 1 and isinstance(values[0], dict) and is_question_map(values[0])
    return None if inside or is_map or values[0] is _REFUSED else values


def _decompressed(data: bytes) -> bytes | None:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        if data.startswith(b"\x1f\x8b"):
            return gzip.decompress(data)
        return zstd.decompress(data) if data.startswith(b"\x28\xb5\x2f\xfd") else data
    except (OSError, EOFError, zlib.error, zstd.ZstdError):
        return None


def strict_json(text: str) -> Any:
    """By Python's parser. Raises ValueError for NaN, infinite numbers and a name that is there twice, too."""

    def refuse(found: object) -> Any:
        raise ValueError(found)

    def once(found: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(found) if len(dict(found)) == len(found) else refuse(found)

    def finite(digits: str) -> float:
        return float(digits) if math.isfinite(float(digits)) else refuse(digits)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once, parse_float=finite)


def _json(data: bytes) -> Any:
    try:
        return strict_json(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return _REFUSED


def _expected_csv(data: bytes, tabs: bool) -> list[Any] | None:
    try:
        rows = list(_csv(data.decode("utf-8"), tabs))
    except (ValueError, csv.Error):
        return None
    return rows


def _csv(text: str, tabs: bool) -> Iterator[Any]:
    if text.lower().startswith(("sep=", '"sep=')):
        raise ValueError("the first line sets the delimiter")
    header = text.split("\n", 1)[0]
    delimiter = "\t" if tabs else max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    names = [name.strip() for name in next(reader, [])]
    if len(set(names)) < len(names):
        raise ValueError("no header that can be used")
    for row in reader:
        if row:
            yield dict(zip(names, row, strict=True)) if len(row) == len(names) else _REFUSED
