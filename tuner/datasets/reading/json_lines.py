"""Reads JSONL: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuner.datasets.findings import Issue
from tuner.datasets.reading.rows import MAX_RECORD_BYTES, BadRow, Block, Row, cut_off, parsed, too_long


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
            row = parsed(piece, number)
            if isinstance(row, BadRow) and not self.complete and number == self.line + len(pieces) - 1:
                row = BadRow(number, cut_off(row.issue.message)) if row.issue.rule == "json" else row
            yield row


_BLANK = Issue("blank-line", "the line is blank.", "Nothing to do: it is left out.", severity="warning")


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Splits the stream at line breaks. Raises UnreadableError for a line over the size limit."""
    line, rest = 1, b""
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
