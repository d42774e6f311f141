"""Readers of dataset files: they turn bytes into rows with line numbers, in constant memory.

For the content of a file, a reader raises nothing but UnreadableError, and it never skips a record silently.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tuner.core.file_formats import FORMAT_NAMES, FORMATS
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.io import CHUNK, Source
from tuner.datasets.reading import delimited, json_array, json_lines
from tuner.datasets.reading.budget import MAX_RECORD_BYTES, Budget, BudgetUse, UnreadableError
from tuner.datasets.reading.compressed import decompressed
from tuner.datasets.reading.decoded import parquet, xlsx
from tuner.datasets.reading.encoding import as_utf8
from tuner.datasets.reading.mistaken_files import HEAD_BYTES, mistaken_file
from tuner.datasets.reading.question_map import is_question_map, rows_of_map
from tuner.datasets.reading.rows import BadRow, Block, Decode, Row, RowBlock, no_records, parsed
from tuner.datasets.reading.wrapped import (
    Incomplete,
    IsRecord,
    expanded,
    is_conversation,
    is_one_per_line,
    lists_of_lines,
    other_lists,
    place_of_records,
    rest_of_object,
)

__all__ = ["BadRow", "Block", "Budget", "BudgetUse", "Row", "UnreadableError", "blocks"]

_BOM = b"\xef\xbb\xbf"
# The first bytes of JSON that no header of a table has.
_JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*\{)')
_YAML = re.compile(rb"---\s*$|- +\w+: ")
# Text below what is between two lines `---`, and not another document of YAML.
_FRONT_MATTER = re.compile(rb"---[ \t]*\n(?:[^\n]*\n)*?(?:---|\.\.\.)[ \t]*\n+(?!---|\s|- |[\w-]+:(?:\s|$))")
# In a file with a list of records on each line, the first line must end before this.
_LONGEST_LINE_OF_RECORDS = 2**20
_NAMED = frozenset(entry.ending for entry in FORMATS)


def blocks(
    source: Source,
    decode: Decode = lambda _: None,
    records: str | None = None,
    is_record: IsRecord = lambda _: False,
    spent: BudgetUse | None = None,
) -> Iterator[Block]:
    """Every row of the source, in blocks. The content decides the format, and the name where the content does not.

    `decode` may decode a block of a JSON array at once, or return None. `records` is the path to the list of records
    in an object; without it, `is_record` recognizes them. Raises UnreadableError where nothing further can be read:
    also where more was `spent` than the file's budget has, which the caller must tell how many records there were.
    """
    spent = spent or BudgetUse(Budget())
    head, chunks = _peek(source.chunks())
    head, chunks = _peek(spent.bytes_of(decompressed(head, chunks)))
    head, chunks = _peek(as_utf8(head, chunks))
    if not head.strip():
        raise UnreadableError(None, no_records())
    if issue := mistaken_file(head):
        raise UnreadableError(None, issue)
    endings = frozenset(source.name.lower().split(".")[1:])
    for reader in READERS:
        if reader.accepts(endings, head):
            for block in reader.blocks(Bytes(chunks, decode, records, is_record)):
                spent.check()  # here: a file that ends with this block has been read to its end
                yield block
            return
    line = 1 + head.count(b"\n", 0, len(head) - len(head.lstrip()))
    raise UnreadableError(line, _no_format(head))


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes that are not white space, and all bytes. A byte-order mark is removed from both."""
    head = b""
    while len(head.lstrip()) < HEAD_BYTES and len(head) < MAX_RECORD_BYTES:
        chunk = next(chunks, None)
        if chunk is None:
            break
        head += chunk
    head = head.removeprefix(_BOM)
    return head, itertools.chain([head], chunks)


def _first_line(head: bytes) -> bytes:
    """Its beginning: always the same bytes, in whatever pieces the file comes."""
    return head.lstrip()[:HEAD_BYTES].partition(b"\n")[0]


def _no_format(head: bytes) -> Issue:
    first = _first_line(head)
    if any(delimiter in first for delimiter in (b",", b";", b"\t")) and b"{" not in first:
        message = "this is not valid JSON: it looks like a table."
        return Issue("json", message, "Give a table's file the ending .csv or .tsv.")
    if first.startswith((b"'", b"(")):
        return Issue("json", "this is not valid JSON: it looks like Python.", "Write the records with json.dumps.")
    if first.startswith((b'"{', b'"[')):
        remedy = "Decode it once (in Python: json.loads), and write what it holds."
        return Issue("json", "this is JSON inside of a text: it was encoded twice.", remedy)
    below = head.lstrip()[:HEAD_BYTES].partition(b"\n")[2].lstrip()
    if first.startswith((b"//", b"/*")) or (first.startswith(b"#") and below.startswith((b"{", b"["))):
        return Issue("json", "this is not valid JSON: it begins with a comment.", "Remove the comments.")
    if _FRONT_MATTER.match(head.lstrip()[:HEAD_BYTES].replace(b"\r", b"")):
        message = "this is not valid JSON: it looks like a document in Markdown, with front matter."
        return Issue("json", message, "Put it into documents/ to generate questions from it.")
    if _YAML.match(first):
        remedy = "Write it as JSON (in Python: json.dumps(yaml.safe_load(text))), or put a document into documents/."
        return Issue("json", "this is not valid JSON: it looks like YAML.", remedy)
    remedy = f"Upload {FORMAT_NAMES}. Put texts into documents/ to generate questions."
    return Issue("json", "this is not valid JSON: a dataset starts with '[' or '{'.", remedy)


@dataclass(frozen=True, slots=True)
class Bytes:
    """What a reader gets: the bytes, and how to recognize and decode records."""

    chunks: Iterator[bytes]
    decode: Decode
    records: str | None
    is_record: IsRecord


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the formats of `tuner.core.file_formats` with these endings.

    `accepts` gets the endings of the file's name and the first bytes of its content.
    """

    formats: tuple[str, ...]
    accepts: Callable[[frozenset[str], bytes], bool]
    blocks: Callable[[Bytes], Iterator[Block]]


def _is_table(endings: frozenset[str], head: bytes) -> bool:
    """Whether a file is CSV: by its name, or without one by a delimiter in its first line (standard input)."""
    first = _first_line(head)
    unnamed = not endings & _NAMED and any(delimiter in first for delimiter in (b",", b";", b"\t"))
    return "csv" in endings or (unnamed and not head.lstrip().startswith((b"[", b"{")))


def _objects(given: Bytes) -> Iterator[Block]:
    """One object per line, or an object with the list of records."""
    head = b""
    while len(head) <= MAX_RECORD_BYTES:
        size = len(head)
        for chunk in given.chunks:
            head += chunk
            if len(head) > 2 * size:  # a long record is not searched again for every chunk
                break
        try:
            place = place_of_records(head, given.records, given.is_record)
        except Incomplete:
            if len(head) > size:
                continue
            place = None
        break
    else:
        place = None
    if place is None and given.records:
        message = f"there is no list '{given.records}' in the file."
        raise UnreadableError(None, Issue("records-path", message, f"Correct {field_setting('records')}."))
    if place is None:
        yield from _lines_or_map(head, given)
        return
    # The line after the first one says whether each line has a list.
    while not head.lstrip().partition(b"\n")[2].strip() and len(head) < _LONGEST_LINE_OF_RECORDS:
        more = next(given.chunks, None)
        if more is None:
            break
        head += more
    if is_one_per_line(head[:_LONGEST_LINE_OF_RECORDS], place.path):
        lines = json_lines.blocks(itertools.chain([head], given.chunks))
        by_hand = given.records is not None
        yield from lines if not by_hand and is_conversation(place.path) else lists_of_lines(lines, place.path)
        return
    prefix = head[: place.offset]
    # In pieces, so that blocks stay small.
    pieces = (head[start : start + CHUNK] for start in range(place.offset, len(head), CHUNK))
    array = itertools.chain(pieces, given.chunks)
    rest, line = yield from _expanded(array, given.decode, 1 + prefix.count(b"\n"), place.path)
    yield from rest_of_object(prefix, rest, line, place.path)


def _lines_or_map(head: bytes, given: Bytes) -> Iterator[Block]:
    """One object per line; or one object that maps questions to answers."""
    chunk = next(given.chunks, None)
    value = parsed(head, 1) if chunk is None else None
    if isinstance(value, Row) and is_question_map(value.value) and not given.is_record(value.value):
        yield RowBlock(rows_of_map(head.decode("utf-8")))
        return
    if isinstance(value, Row) and b"\n" in head.strip() and (lists := list(other_lists(value.value))):
        names = ", ".join(f"'{name[:60]}'" for name in lists[:5])
        message = f"the file is one object, and none of its lists is known to hold the records: {names}."
        remedy = f"Name it with {field_setting('records')}, or write an array of the records."
        raise UnreadableError(1, Issue("records-path", message, remedy))
    lines = json_lines.blocks(itertools.chain([head, chunk or b""], given.chunks))
    yield from map(expanded, lines) if b'"qas"' in head else lines


def _expanded(chunks: Iterator[bytes], decode: Decode, line: int, path: str) -> json_array.Reading:
    found = json_array.blocks(chunks, decode, line, path)
    while True:
        try:
            block = next(found)
        except StopIteration as stop:
            rest: tuple[Iterator[bytes], int] = stop.value
            return rest
        yield expanded(block)


# The first reader that accepts a file reads it. Only CSV and TSV are recognized by name: their content can be anything.
READERS = (
    Reader(("parquet",), lambda _, head: head.startswith(parquet.MAGIC), lambda given: parquet.blocks(given.chunks)),
    Reader(("xlsx",), lambda _, head: head.startswith(xlsx.MAGIC), lambda given: xlsx.blocks(given.chunks)),
    Reader(
        ("tsv",),
        lambda endings, head: "tsv" in endings and not _JSON.match(head),
        lambda given: delimited.blocks(given.chunks, given.is_record, "\t"),
    ),
    Reader(
        ("csv",),
        lambda endings, head: _is_table(endings, head) and not _JSON.match(head),
        lambda given: delimited.blocks(given.chunks, given.is_record),
    ),
    Reader(
        ("json", "jsonl"),
        lambda _, head: head.lstrip().startswith(b"["),
        lambda given: json_array.whole_file(given.chunks, given.decode),
    ),
    Reader(("json", "jsonl"), lambda _, head: head.lstrip().startswith(b"{"), _objects),
)
