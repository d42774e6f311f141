"""Reads JSONL: one JSON object per line."""

from __future__ import annotations

import codecs
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import MAX_RECORD_BYTES, UnreadableError
from tuner.datasets.reading.json_errors import is_cut_off, what_is_cut_off, whole_file_issue
from tuner.datasets.reading.rows import BadRow, Block, Row, cut_off, parsed, too_long

_BEGINNING = 2**16


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines. `complete` is False if the last line has no line break because the file ends there."""

    line: int
    data: bytes
    complete: bool = True
    decoded: None = None
    lines: bool = True

    def rows(self) -> Iterator[Row | BadRow]:
        """Every line. A blank line is a BadRow with a warning."""
        pieces = self.data.split(b"\n")
        if not pieces[-1]:
            pieces.pop()
        for number, piece in enumerate(pieces, self.line):
            if not piece.strip():
                yield BadRow(number, _BLANK)
                continue
            row = parsed(piece.removeprefix(codecs.BOM_UTF8), number)  # where files were joined
            if isinstance(row, BadRow) and not self.complete and number == self.line + len(pieces) - 1:
                row = _last_line(piece, row)
            yield row


_BLANK = Issue("blank-line", "the line is blank.", "Nothing to do: it is left out.", severity="warning")


def _last_line(piece: bytes, row: BadRow) -> BadRow:
    """A line without a line break may have lost its end."""
    try:
        json.loads(piece)
    except json.JSONDecodeError as error:
        return BadRow(row.line, cut_off(what_is_cut_off(error))) if is_cut_off(error) else row
    except (ValueError, RecursionError):
        pass
    return row


def _checked_beginning(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes. Raises UnreadableError if the first line is not JSON for a reason that all lines have."""
    head = b""
    while len(head) < _BEGINNING and (chunk := next(chunks, None)) is not None:
        head += chunk
    start = head[:_BEGINNING].decode("utf-8", "replace")
    line = 1 + start.count("\n", 0, len(start) - len(start.lstrip()))
    if issue := whole_file_issue(start.lstrip()):
        raise UnreadableError(line, issue)
    return itertools.chain([head], chunks)


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Splits the stream at line breaks. Raises UnreadableError for a line over the size limit."""
    line, rest, chunks = 1, b"", _checked_beginning(chunks)
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest += chunk
            if len(rest) > MAX_RECORD_BYTES:
                raise too_long(line)
            continue
        data = rest + chunk[:end]
        rest = chunk[end:]
        yield LineBlock(line, data)
        line += data.count(b"\n")
    if rest.strip():
        yield LineBlock(line, rest, complete=False)
