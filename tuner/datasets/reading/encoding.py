"""Turns UTF-16 and UTF-32 into UTF-8: spreadsheets save "Unicode text" and CSV files in them."""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterator

from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import UnreadableError

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
