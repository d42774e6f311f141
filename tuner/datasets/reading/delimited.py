"""CSV and TSV with a header line, as RFC 4180 and spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator

from tuner.datasets.findings import Flaw
from tuner.datasets.reading.rows import LONGEST_RECORD, BadRow, Block, Row, RowBlock, UnreadableError, not_utf8

_DELIMITERS = ",;\t|"
_BATCH = 1000


def blocks(chunks: Iterator[bytes], delimiter: str | None = None) -> Iterator[Block]:
    """Rows as dictionaries of texts. The delimiter is the one that the header has most of when none is given."""
    text = _Lines(chunks)
    first = next(text, None)
    if first is None:
        return
    csv.field_size_limit(LONGEST_RECORD)
    rows = csv.reader(itertools.chain([first], text), delimiter=delimiter or _guess(first), strict=True)
    names = _header(rows)
    batch: list[Row | BadRow] = []
    while (row := _next(rows, text, names)) is not None:
        batch += row
        if len(batch) >= _BATCH:
            yield RowBlock(tuple(batch))
            batch = []
    if batch:
        yield RowBlock(tuple(batch))


def _next(rows: Iterator[list[str]], text: _Lines, names: list[str]) -> tuple[Row | BadRow, ...] | None:
    """The next row (none for a blank line), or None at the end."""
    start = text.line + 1
    try:
        values = next(rows, None)
    except csv.Error as error:
        raise UnreadableError(start, _broken(str(error))) from None
    if values is None:
        return None
    if not values:
        return ()
    if len(values) != len(names):
        message = f"the row has {len(values)} values, the header {len(names)} names."
        remedy = "Put texts that contain the delimiter or a line break between double quotes."
        return (BadRow(start, Flaw("csv-columns", message, remedy)),)
    return (Row(start, dict(zip(names, values, strict=True))),)


def _broken(problem: str) -> Flaw:
    if "new-line character" in problem:
        message = "a carriage return without a line feed stands outside of double quotes."
        remedy = "End lines with line feeds, and put texts of several lines between double quotes."
        return Flaw("csv-quotes", message, remedy)
    unbalanced = "unexpected end" in problem or "field larger" in problem
    message = "a double quote is opened and never closed." if unbalanced else f"the row cannot be read: {problem}."
    return Flaw("csv-quotes", message, 'Write a double quote inside a text as two ("") and close every text.')


def _guess(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise UnreadableError(1, _broken(str(error))) from None
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        message = f"the header names the column '{repeated[0]}' more than once."
        raise UnreadableError(1, Flaw("duplicate-field", message, "Give every column its own name.", repeated[0]))
    return names


class _Lines(Iterator[str]):
    """Lines of the stream as text, their line breaks kept; `line` counts those given so far."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.line = 0
        self._texts = self._decoded(chunks)
        self._pending: Iterator[str] = iter(())
        self._rest = ""
        self._ended = False

    def __next__(self) -> str:
        while True:
            if (line := next(self._pending, None)) is not None:
                self.line += 1
                return line
            if self._ended:
                raise StopIteration
            self._fill()

    def _fill(self) -> None:
        text = next(self._texts, None)
        if text is None:
            self._ended = True
            self._pending = iter([self._rest] if self._rest else [])
            return
        # Only \n and \r\n end a line here: splitlines() would also cut at U+2028 and other letters of a text.
        *whole, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > LONGEST_RECORD:
            raise UnreadableError(self.line + len(whole) + 1, _broken("field larger than the limit"))
        self._pending = iter([line + "\n" for line in whole])

    def _decoded(self, chunks: Iterator[bytes]) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        line = 1
        for chunk in chunks:
            held = decoder.getstate()[0]
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                data = held + chunk
                yield data[: error.start].decode("utf-8")  # an earlier row may be wrong too, and is said first
                raise UnreadableError(line + data.count(b"\n", 0, error.start), not_utf8(data[error.start])) from None
            line += chunk.count(b"\n")
            yield text
        if held := decoder.getstate()[0]:
            raise UnreadableError(line, not_utf8(held[0]))
