"""Readers of dataset files: they turn bytes into rows with line numbers, in constant memory.

For the content of a file, a reader raises nothing but UnreadableError, and it never skips a record silently.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

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
            remedy = "Upload JSON, JSONL, CSV, TSV or Parquet."
            raise UnreadableError(None, Issue("file-format", f"this is {description}, not a dataset.", remedy))
    yield from _reader(source.name, head, chunks, decode)


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
