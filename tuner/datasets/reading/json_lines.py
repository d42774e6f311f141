"""JSONL: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuner.datasets.findings import Flaw
from tuner.datasets.reading.rows import LONGEST_RECORD, BadRow, Block, Row, cut_off, parsed, too_long


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines; `complete` unless the last one ends with the file instead of a line break."""

    line: int
    data: bytes
    complete: bool = True
    decoded: None = None
    lines: bool = True

    def rows(self) -> Iterator[Row | BadRow]:
        """Every line that is not blank; a blank one is a BadRow of severity warning."""
        pieces = self.data.split(b"\n")
        if not pieces[-1]:
            pieces.pop()
        for number, piece in enumerate(pieces, self.line):
            if not piece.strip():
                yield BadRow(number, _BLANK)
                continue
            row = parsed(piece, number)
            if isinstance(row, BadRow) and not self.complete and number == self.line + len(pieces) - 1:
                row = BadRow(number, cut_off(row.flaw.message)) if row.flaw.rule == "json" else row
            yield row


_BLANK = Flaw("blank-line", "the line is blank.", "It is left out; Bedrock would refuse it.", severity="warning")


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Cuts the stream at line breaks. Raises UnreadableError for a line over the limit."""
    line, rest = 1, b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > LONGEST_RECORD:
                raise too_long(line)
            continue
        data = rest + chunk[:cut]
        rest = chunk[cut:]
        yield LineBlock(line, data)
        line += data.count(b"\n")
    if rest.strip():
        yield LineBlock(line, rest, complete=False)
