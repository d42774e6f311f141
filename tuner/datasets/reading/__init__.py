"""Readers of dataset files: they turn bytes into rows with line numbers, in constant memory.

For the content of a file, a reader raises nothing but UnreadableError, and it never skips a record silently.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tuner.core.file_formats import FORMAT_NAMES
from tuner.datasets.findings import Issue
from tuner.datasets.io import Source
from tuner.datasets.reading import delimited, json_array, json_lines, parquet
from tuner.datasets.reading.compressed import decompressed
from tuner.datasets.reading.rows import (
    MAX_RECORD_BYTES,
    BadRow,
    Block,
    Decode,
    Row,
    UnreadableError,
    no_records,
    not_json,
)

__all__ = ["BadRow", "Block", "Row", "UnreadableError", "blocks"]

_BOM = b"\xef\xbb\xbf"
# Files that people upload by mistake, by their first bytes.
_UNSUPPORTED = {
    b"PK\x03\x04": "a ZIP archive (a spreadsheet is one too)",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"SQLite format 3": "a SQLite database",
    b"\x1f\x8b": "compressed twice",
}
_HEAD_BYTES = 16  # the longest of these, and of the first bytes of a format


def blocks(source: Source, decode: Decode = lambda _: None) -> Iterator[Block]:
    """Every row of the source, in blocks. The content decides the format, and the name where the content does not.

    `decode` may decode a block of a JSON array at once, or return None. Raises UnreadableError where nothing further
    can be read.
    """
    head, chunks = _peek(source.chunks())
    head, chunks = _peek(decompressed(head, chunks))
    if not head.strip():
        raise UnreadableError(None, no_records())
    for magic, description in _UNSUPPORTED.items():
        if head.startswith(magic):
            remedy = f"Upload {FORMAT_NAMES}."
            raise UnreadableError(None, Issue("file-format", f"this is {description}, not a dataset.", remedy))
    yield from _blocks(source.name, head, chunks, decode)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes that are not white space, and all bytes. A byte-order mark is removed from both."""
    head = b""
    while len(head) < _HEAD_BYTES or (not head.strip() and len(head) < MAX_RECORD_BYTES):
        chunk = next(chunks, None)
        if chunk is None:
            break
        head += chunk
    head = head.removeprefix(_BOM)
    return head, itertools.chain([head], chunks)


def _blocks(name: str, head: bytes, chunks: Iterator[bytes], decode: Decode) -> Iterator[Block]:
    endings = frozenset(name.lower().split(".")[1:])
    for reader in READERS:
        if reader.accepts(endings, head):
            return reader.blocks(chunks, decode)
    line = 1 + head.count(b"\n", 0, len(head) - len(head.lstrip()))
    raise UnreadableError(line, not_json("a dataset starts with '[' or '{'"))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the formats of `tuner.core.file_formats` with these endings.

    `accepts` gets the endings of the file's name and the first bytes of its content.
    """

    formats: tuple[str, ...]
    accepts: Callable[[frozenset[str], bytes], bool]
    blocks: Callable[[Iterator[bytes], Decode], Iterator[Block]]


# The first reader that accepts a file reads it. Only CSV and TSV are recognized by name: their content can be anything.
READERS = (
    Reader(
        ("parquet",),
        lambda _, head: head.startswith(parquet.MAGIC),
        lambda chunks, _: parquet.blocks(chunks),
    ),
    Reader(("tsv",), lambda endings, _: "tsv" in endings, lambda chunks, _: delimited.blocks(chunks, "\t")),
    Reader(("csv",), lambda endings, _: "csv" in endings, lambda chunks, _: delimited.blocks(chunks)),
    Reader(("json", "jsonl"), lambda _, head: head.lstrip().startswith(b"["), json_array.blocks),
    Reader(
        ("json", "jsonl"), lambda _, head: head.lstrip().startswith(b"{"), lambda chunks, _: json_lines.blocks(chunks)
    ),
)
