"""Reads CSV and TSV files with a header line, as in RFC 4180 and as spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator

from tuner.datasets.field_and_role_names import Fields
from tuner.datasets.findings import Issue, printable
from tuner.datasets.reading.budget import MAX_RECORD_BYTES, UnreadableError
from tuner.datasets.reading.rows import (
    BadRow,
    Block,
    Row,
    RowBlock,
    is_repeated_header,
    not_utf8,
    repeated_header,
    too_many_fields,
)
from tuner.decoders.process import MOST_FIELDS

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*\r?\n?', re.IGNORECASE)
_BATCH = 1000
_BATCH_BYTES = 2**20
_SHOWN = 60  # characters of a column's name or a title
# A title, a date, an author: more lines above a header are no header that somebody wrote for a table.
_MOST_TITLE_LINES = 5


def blocks(
    chunks: Iterator[bytes], is_record: Callable[[Fields], bool] = lambda _: True, delimiter: str | None = None
) -> Iterator[Block]:
    """Rows as dictionaries of texts. Without a `delimiter`, the most frequent one of the header is used.

    A first line such as `sep=;`, which Excel writes and reads, sets the delimiter. Lines above the header, such as a
    title, are left out with a warning. This happens if `is_record` knows the names of a later line and not those of the
    first one.
    """
    text = _Lines(chunks)
    first = next(text, None)
    if first and (match := _SEPARATOR.fullmatch(first)):
        delimiter, first = match.group(1), next(text, None)
    if first is None:
        return
    csv.field_size_limit(MAX_RECORD_BYTES)
    above = text.line
    ahead = [first]
    if not _is_header(first, delimiter, is_record):
        ahead += itertools.islice(text, _MOST_TITLE_LINES)
    titles = next((at for at, line in enumerate(ahead) if at and _is_header(line, delimiter, is_record)), 0)
    text.give_back(ahead[titles + 1 :])
    batch: list[Row | BadRow] = [_title(above + at, line) for at, line in enumerate(ahead[:titles]) if line.strip()]
    header_line = text.line
    header = f"line {header_line}"
    rows = csv.reader(itertools.chain([ahead[titles]], text), delimiter=delimiter or _guess(ahead[titles]), strict=True)
    names = _header(rows, text.line)
    text.characters = 0
    unnamed: dict[int, bool] = dict.fromkeys((at for at, name in enumerate(names) if not name), False)
    while (row := _next(rows, text, names, unnamed)) is not None:
        batch += row
        if len(batch) >= _BATCH or text.characters >= _BATCH_BYTES:
            yield RowBlock(tuple(batch), header=header)
            batch = []
            text.characters = 0
    batch += [_without_name(header_line, at) for at, has_values in unnamed.items() if has_values]
    if batch:
        yield RowBlock(tuple(batch), header=header)


def _is_header(line: str, delimiter: str | None, is_record: Callable[[Fields], bool]) -> bool:
    """Whether a line has at least two names, and they are those of a record."""
    try:
        names = next(csv.reader([line], delimiter=delimiter or _guess(line), strict=True), [])
    except csv.Error:
        return False
    return 1 < len(names) <= MOST_FIELDS and is_record({name.strip(): name for name in names})


def _title(number: int, line: str) -> BadRow:
    shown = printable(" ".join(line.strip(" \t\r\n,;|").split())[:_SHOWN])
    message = f"the line '{shown}' above the header is left out."
    return BadRow(number, Issue("title-row", message, "Nothing to do if that is right.", severity="warning"))


def _without_name(header: int, at: int) -> BadRow:
    message = f"the column {at + 1} has no name in the header and is left out."
    remedy = "Nothing to do if that is right. Else give it a name."
    return BadRow(header, Issue("left-out-field", message, remedy, severity="warning"))


def _next(
    rows: Iterator[list[str]], text: _Lines, names: list[str], unnamed: dict[int, bool]
) -> tuple[Row | BadRow, ...] | None:
    """The next row (an empty tuple for one without a value), or None at the end.

    Notes which `unnamed` columns have values.
    """
    start = text.line + 1
    text.begin_row()
    try:
        values = next(rows, None)
    except csv.Error as error:
        raise UnreadableError(start, _broken(str(error))) from None
    if values is None:
        return None
    if not any(map(str.strip, values)):
        return ()  # spreadsheets write rows of delimiters below the last one
    if len(values) != len(names):
        message = f"the row has {len(values)} values, the header {len(names)} names."
        remedy = "Put texts with a delimiter or a line break between double quotes."
        if any(value.startswith(' "') for value in values):
            remedy = "Remove the spaces before double quotes: behind a space, a double quote begins no text."
        return (BadRow(start, Issue("csv-columns", message, remedy)),)
    if unnamed:
        for at in unnamed:
            unnamed[at] = unnamed[at] or bool(values[at].strip())
        row = {name: value for name, value in zip(names, values, strict=True) if name}
    else:
        row = dict(zip(names, values, strict=True))
    if values[0].strip() == names[0] and is_repeated_header(row):
        return (BadRow(start, repeated_header()),)
    return (Row(start, row),)


def _broken(problem: str) -> Issue:
    if "new-line character" in problem:
        message = "there is a carriage return without a line feed outside of double quotes."
        remedy = "End lines with a line feed, and put texts of several lines between double quotes."
        return Issue("csv-quotes", message, remedy)
    unbalanced = "unexpected end" in problem or "field larger" in problem
    message = "a double quote is not closed." if unbalanced else f"the row cannot be read: {problem}."
    return Issue("csv-quotes", message, 'Write a double quote inside a text as two (""), and close every quoted text.')


def _guess(header: str) -> str:
    """The most frequent delimiter of the header line."""
    return max(_DELIMITERS, key=header.count)


def _header(rows: Iterator[list[str]], line: int) -> list[str]:
    try:
        names = [" ".join(name.split()) for name in next(rows, [])]
    except csv.Error as error:
        raise UnreadableError(line, _broken(str(error))) from None
    if len(names) > MOST_FIELDS:
        raise UnreadableError(line, too_many_fields(len(names)))
    repeated = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if repeated:
        message = f"the header has the column '{repeated[0][:_SHOWN]}' more than once."
        raise UnreadableError(line, Issue("duplicate-field", message, "Give every column its own name.", repeated[0]))
    return names


class _Lines(Iterator[str]):
    """The lines of a stream as text, with their line breaks. `line` is the number of lines returned so far.

    A row can have any number of lines, in quoted texts, so its length is counted here: the parser limits texts only.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.line = 0
        self.characters = 0
        self._row = (1, 0)  # the line where the row begins, and its characters so far
        self._texts = self._decoded(chunks)
        self._pending: Iterator[str] = iter(())
        self._rest = ""
        self._ended = False

    def give_back(self, lines: list[str]) -> None:
        """Returns these lines, which were the last ones, again."""
        self.line -= len(lines)
        self._pending = itertools.chain(lines, self._pending)

    def __next__(self) -> str:
        while True:
            if (line := next(self._pending, None)) is not None:
                self.line += 1
                self.characters += len(line)
                first, size = self._row
                if first == self.line:
                    line = line.removeprefix("\ufeff")  # where files were joined
                self._row = (first, size + len(line))
                if size > MAX_RECORD_BYTES:
                    raise UnreadableError(first, _broken("field larger than the limit"))
                return line
            if self._ended:
                raise StopIteration
            self._fill()

    def begin_row(self) -> None:
        """Counts the characters of the next row from here."""
        self._row = (self.line + 1, 0)

    def _fill(self) -> None:
        text = next(self._texts, None)
        if text is None:
            self._ended = True
            self._pending = iter([self._rest] if self._rest else [])
            return
        # splitlines() would also split at U+2028 and other characters that are part of a text.
        *whole, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > MAX_RECORD_BYTES:
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
                yield data[: error.start].decode("utf-8")  # earlier rows are still checked
                raise UnreadableError(line + data.count(b"\n", 0, error.start), not_utf8(data[error.start])) from None
            line += chunk.count(b"\n")
            yield text
        if held := decoder.getstate()[0]:
            raise UnreadableError(line, not_utf8(held[0]))
