"""Readers: any bytes in, rows with their line numbers out, in memory that does not grow with the file.

A reader never raises anything but UnreadableError for what a file holds, and never skips a record silently.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tuner.datasets.findings import Flaw
from tuner.datasets.places import Source
from tuner.datasets.reading import delimited, json_array, json_lines
from tuner.datasets.reading.rows import BadRow, Block, Row, UnreadableError, not_json

__all__ = ["BadRow", "Block", "Row", "UnreadableError", "blocks"]


_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive (a spreadsheet is one too)",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"SQLite": "a SQLite database",
}


def blocks(source: Source) -> Iterator[Block]:
    """Every row of the source, in blocks. Its content decides the format, and its name where content does not.

    Raises UnreadableError where nothing further can be read.
    """
    chunks = source.chunks()
    head = b""
    while len(head.strip()) < 8 and (chunk := next(chunks, None)) is not None:
        head = (head + chunk).removeprefix(_BOM) if len(head) < 4 else head + chunk
    if not head.strip():
        raise UnreadableError(None, Flaw("empty-file", "the file is empty.", "Upload a file with records."))
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            remedy = "Upload JSON, JSONL or CSV in UTF-8."
            raise UnreadableError(None, Flaw("file-format", f"this is {kind}, not a dataset.", remedy))
    return _reader(source.name, head, itertools.chain([head], chunks))


def _reader(name: str, head: bytes, chunks: Iterator[bytes]) -> Iterator[Block]:
    ending = name.lower().rpartition(".")[2]
    if ending in ("csv", "tsv"):
        return delimited.blocks(chunks, "\t" if ending == "tsv" else None)
    start = head.lstrip()
    if start.startswith(b"["):
        return json_array.blocks(chunks)
    if start.startswith(b"{"):
        return json_lines.blocks(chunks)
    line = 1 + head.count(b"\n", 0, len(head) - len(start))
    raise UnreadableError(line, not_json("a dataset starts with '[' or '{'"))
