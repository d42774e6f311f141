"""Turns UTF-16 and UTF-32 into UTF-8: spreadsheets save "Unicode text" and CSV files in them.

Lines in any other encoding are collected into one finding.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterator
from dataclasses import replace

from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import UnreadableError
from tuner.datasets.reading.rows import BadRow

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT = 8


def as_utf8(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8, without its byte-order mark; the same bytes if they are not UTF-16 or UTF-32.

    Without a mark, UTF-16 is recognized by its zero bytes: a dataset begins with ASCII characters.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _decoded(chunks, encoding, len(mark))
    start = head[:_LOOKED_AT]
    if len(start) >= 4 and not any(start[1::2]) and all(start[0::2]):
        return _decoded(chunks, "utf-16-le", 0)
    if len(start) >= 4 and not any(start[0::2]) and all(start[1::2]):
        return _decoded(chunks, "utf-16-be", 0)
    return chunks


def _decoded(chunks: Iterator[bytes], encoding: str, skip: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for chunk in chunks:
        data, skip = chunk[skip:], max(skip - len(chunk), 0)
        line += yield from _part(decoder, data, encoding, line, final=False)
    yield from _part(decoder, b"", encoding, line, final=True)


def _part(
    decoder: codecs.IncrementalDecoder, data: bytes, encoding: str, line: int, final: bool
) -> Generator[bytes, None, int]:
    """Yields the data in UTF-8 and returns the number of its lines."""
    held = decoder.getstate()[0]
    try:
        text = decoder.decode(data, final)
    except UnicodeDecodeError as error:
        before = (held + data)[: error.start].decode(encoding)
        yield before.encode("utf-8")  # earlier rows are still checked
        message = f"the file is {encoding[:6].upper()} and has bytes that are no character."
        issue = Issue("utf-8", message, "Save the file as UTF-8.")
        raise UnreadableError(line + before.count("\n"), issue) from None
    yield text.encode("utf-8")
    return text.count("\n")


class OtherEncoding:
    """The lines of a file that are not UTF-8. One remedy is for the whole file, so it is said once."""

    def __init__(self) -> None:
        self._first: BadRow | None = None
        self._more = 0

    def add(self, row: BadRow) -> bool:
        """Whether the row is such a line. It is then taken."""
        if row.issue.rule != "utf-8":
            return False
        self._more += self._first is not None
        self._first = self._first or row
        return True

    def take(self) -> Iterator[BadRow]:
        """The first line, if there is one, whose issue says how many there are. Forgets them."""
        first, more = self._first, self._more
        self._first, self._more = None, 0
        if first and more:
            also = f"{more:,} more {'line is' if more == 1 else 'lines are'} not UTF-8 either."
            first = replace(first, issue=replace(first.issue, message=f"{first.issue.message} {also}"))
        yield from (first,) if first else ()
