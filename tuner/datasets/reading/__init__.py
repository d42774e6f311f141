"""Readers: any bytes in, rows with their line numbers out, in memory that does not grow with the file.

A reader never raises anything but UnreadableError for what a file holds, and never skips a record silently.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tuner.datasets.findings import Flaw
from tuner.datasets.io import Source
from tuner.datasets.reading import delimited, json_array, json_lines, parquet
from tuner.datasets.reading.compressed import unpacked
from tuner.datasets.reading.rows import (
    LONGEST_RECORD,
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
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive (a spreadsheet is one too)",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"SQLite format 3": "a SQLite database",
    b"\x1f\x8b": "packed twice",
}


def blocks(source: Source, decode: Decode = lambda _: None) -> Iterator[Block]:
    """Every row of the source, in blocks. Its content decides the format, and its name where content does not.

    `decode` may decode a block of a JSON array at once, or decline by returning None. Raises UnreadableError where
    nothing further can be read.
    """
    head, chunks = _looked_at(source.chunks())
    head, chunks = _looked_at(unpacked(head, chunks))
    if not head.strip():
        raise UnreadableError(None, no_records())
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            remedy = "Upload JSON, JSONL, CSV, TSV or Parquet."
            raise UnreadableError(None, Flaw("file-format", f"this is {kind}, not a dataset.", remedy))
    yield from _reader(source.name, head, chunks, decode)


def _looked_at(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and all bytes; a byte-order mark in front is in neither."""
    head = b""
    while len(head) < 16 or (not head.strip() and len(head) < LONGEST_RECORD):
        chunk = next(chunks, None)
        if chunk is None:
            break
        head += chunk
    head = head.removeprefix(_BOM)
    return head, itertools.chain([head], chunks)


def _reader(name: str, head: bytes, chunks: Iterator[bytes], decode: Decode) -> Iterator[Block]:
    if head.startswith(parquet.MAGIC):
        return parquet.blocks(chunks)
    endings = name.lower().split(".")[1:]
    if "csv" in endings or "tsv" in endings:
        return delimited.blocks(chunks, "\t" if "tsv" in endings else None)
    start = head.lstrip()
    if start.startswith(b"["):
        return json_array.blocks(chunks, decode)
    if start.startswith(b"{"):
        return json_lines.blocks(chunks)
    line = 1 + head.count(b"\n", 0, len(head) - len(start))
    raise UnreadableError(line, not_json("a dataset starts with '[' or '{'"))
