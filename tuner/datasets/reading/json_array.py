"""Reads a JSON array of objects, of any size, in blocks.

The records of a file usually begin with the same bytes (`{"question"`). The buffer is split before the last such
beginning, and the part before it is parsed. If the split were inside a text or a nested object, the part would be
incomplete and not parse; so a part that parses was split between records. If no such position is found, Python's parser
finds the end of each value, which is slower.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import msgspec

from tuner.datasets.io import CHUNK
from tuner.datasets.reading.budget import MAX_RECORD_BYTES, UnreadableError
from tuner.datasets.reading.json_errors import is_cut_off, json_issue, what_is_cut_off
from tuner.datasets.reading.rows import BadRow, Block, Decode, Row, cut_off, not_json, parsed, too_deep, too_long

_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = json.JSONDecoder()
_OPENING = re.compile(rb'\{\s*"(?:[^"\\]|\\.){0,64}"')
_SPACE = b" \t\r\n"
_MAX_SPLIT_ATTEMPTS = 4


# The blocks of an array; then the bytes that follow it, and their line.
Reading = Generator[Block, None, tuple[Iterator[bytes], int]]


@dataclass(frozen=True, slots=True)
class ArrayBlock:
    """Whole records as one JSON array. `line` is the line of the byte after the bracket.

    `path` is the name of the array in the file, and `first` the number of the first record in it, from 0.
    `shares_line` says that it follows another record without a line break.
    """

    line: int
    data: bytes
    decoded: list[Any] | None = None
    lines: bool = False
    path: str = ""
    first: int = 0
    shares_line: bool = False

    def rows(self) -> Iterator[Row | BadRow]:
        """Every record."""
        line, position, shares_line = self.line, 1, self.shares_line
        for number, value in enumerate(map(bytes, _RAW.decode(self.data)), self.first):
            start = self.data.index(value, position)
            breaks = self.data.count(b"\n", position, start)
            line += breaks
            yield _row(value, line, f"{self.path}[{number}]", shares_line and not breaks)
            position = start + len(value)
            line += value.count(b"\n")
            shares_line = True


@dataclass(frozen=True, slots=True)
class ValueBlock:
    """Single values, each with its line. A value may still break a rule that Python's parser does not have.

    The third member says that a value follows another one without a line break.
    """

    values: tuple[tuple[int, bytes, bool], ...]
    path: str
    first: int
    data: None = None
    decoded: None = None
    lines: bool = False

    def rows(self) -> Iterator[Row | BadRow]:
        """Every value."""
        for number, (line, value, shares_line) in enumerate(self.values, self.first):
            yield _row(value, line, f"{self.path}[{number}]", shares_line)


def _row(value: bytes, line: int, place: str, shares_line: bool) -> Row | BadRow:
    """The record, with its place if its line does not say which record it is."""
    row = parsed(value, line)
    return replace(row, place=place) if shares_line else row


def blocks(chunks: Iterator[bytes], decode: Decode, line: int = 1, path: str = "") -> Reading:
    """Splits the stream between records. Raises UnreadableError where the array is malformed.

    `line` is where the array begins, `path` its name in the file. Returns what follows it, and its line.

    `decode` tries to decode a block. A block that it can decode is valid and need not be parsed to find that out.
    """
    return (yield from _Reader(chunks, decode, line, path).blocks())


def whole_file(chunks: Iterator[bytes], decode: Decode) -> Iterator[Block]:
    """The blocks of a file that is one array. After it, only white space is allowed."""
    rest, line = yield from blocks(chunks, decode)
    for chunk in rest:
        if chunk.strip(_SPACE):
            line += chunk.count(b"\n", 0, len(chunk) - len(chunk.lstrip(_SPACE)))
            raise UnreadableError(line, not_json("there is more after the closing ']'"))
        line += chunk.count(b"\n")


class _Next(Enum):
    FIRST = "a value or the end"
    VALUE = "a value"
    SEPARATOR = "a comma or the end"


class _Reader:
    """Buffers the unread part of the stream, and counts lines."""

    def __init__(self, chunks: Iterator[bytes], decode: Decode, line: int, path: str) -> None:
        self._chunks = chunks
        self._decode = decode
        self._buffer = b""
        self._line = line
        self._ended = False
        self._next = _Next.FIRST
        self._opening: bytes | None = None
        self._path = path
        self._records = 0
        # Whether a line break, or the beginning of the array, comes before the next record.
        self._after_break = True

    def blocks(self) -> Reading:
        """All records up to the closing bracket."""
        self._skip_space()
        self._advance(1)  # the opening bracket
        while not self._at_end():
            if len(self._buffer) < CHUNK:
                self._more()
            if block := self._split() or self._single_values():
                yield block
        self._advance(1)
        return itertools.chain([self._buffer], self._chunks), self._line

    def _at_end(self) -> bool:
        """Moves to the next value. Returns True at the closing bracket."""
        self._skip_space()
        if not self._buffer:
            raise UnreadableError(self._line, cut_off("the closing ']' is missing"))
        closing = self._buffer.startswith(b"]")
        if self._next is _Next.SEPARATOR and not closing:
            if not self._buffer.startswith(b","):
                raise UnreadableError(self._line, not_json("a ',' or ']' must follow a record"))
            self._advance(1)
            self._next = _Next.VALUE
            return self._at_end()
        if self._next is _Next.VALUE and closing:
            raise UnreadableError(self._line, not_json("there is a comma before the closing ']'"))
        return closing

    def _split(self) -> ArrayBlock | None:
        """All records in the buffer but the last, or None if no position to split was found."""
        if self._opening is None:
            match = _OPENING.match(self._buffer)
            self._opening = match.group() if match else b""
        end = len(self._buffer)
        for _ in range(_MAX_SPLIT_ATTEMPTS if self._opening else 0):
            end = self._buffer.rfind(self._opening, 1, end)
            if end <= 0:
                break
            comma = end - 1
            while self._buffer[comma] in _SPACE:
                comma -= 1
            if comma == 0 or self._buffer[comma] != ord(","):  # a comma at 0 would be the second in a row
                continue
            data = b"".join((b"[", memoryview(self._buffer)[:comma], b"]"))
            decoded = self._decode(data)
            count = len(decoded) if decoded is not None else _records_in(data)
            if count is not None:
                block = ArrayBlock(self._line, data, decoded, False, self._path, self._records, not self._after_break)
                stop = len(self._buffer[:comma].rstrip(_SPACE))
                self._end_of_records(stop, count)
                self._advance(end - stop)
                self._next = _Next.VALUE
                return block
        return None

    def _single_values(self) -> ValueBlock | None:
        """All values that end in the buffer, found by Python's parser; None if more must be read first."""
        # Bytes that are not UTF-8 pass through as surrogates here; `parsed` reports them.
        text = self._buffer.decode("utf-8", "surrogateescape")
        values: list[tuple[int, bytes, bool]] = []
        position = line_at = stop = 0
        line = self._line
        while True:
            try:
                _, end = _VALUE.raw_decode(text, position)
            except (ValueError, RecursionError) as error:
                if not values:
                    self._read_on(error, text)
                break
            if end == len(text) and not self._ended:  # a number may continue in the next chunk
                if not values:
                    self._read_on(None, text)
                break
            line += text.count("\n", line_at, position)
            shares = "\n" not in text[stop:position] if values else not self._after_break
            values.append((line, text[position:end].encode("utf-8", "surrogateescape"), shares))
            line_at, stop = position, end
            comma = _skipped(text, end)
            if text[comma : comma + 1] != ",":
                break
            position = _skipped(text, comma + 1)
        if not values:
            return None
        self._next = _Next.SEPARATOR
        block = ValueBlock(tuple(values), self._path, self._records)
        self._end_of_records(len(text[:stop].encode("utf-8", "surrogateescape")), len(values))
        return block

    def _read_on(self, error: Exception | None, text: str) -> None:
        """Doubles the buffer, so that a long value is not parsed again for every chunk. Raises if that cannot help."""
        if isinstance(error, RecursionError):
            raise UnreadableError(self._line, too_deep())
        if error is not None and not isinstance(error, json.JSONDecodeError):
            raise UnreadableError(self._line, not_json(str(error).split(";")[0]))
        if error is not None and (self._ended or len(self._buffer) > MAX_RECORD_BYTES):
            raise self._malformed(error)
        wanted = 2 * len(self._buffer)
        while len(self._buffer) < wanted and self._more():
            pass

    def _malformed(self, error: json.JSONDecodeError) -> UnreadableError:
        line = self._line + error.lineno - 1
        if not is_cut_off(error):
            return UnreadableError(line, json_issue(error))
        return UnreadableError(line, cut_off(what_is_cut_off(error))) if self._ended else too_long(self._line)

    def _more(self) -> bool:
        """Appends the next chunk; False at the end of the file."""
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        self._buffer += chunk or b""
        return not self._ended

    def _end_of_records(self, count: int, records: int) -> None:
        """Moves behind the last record of a block."""
        self._advance(count)
        self._records += records
        self._after_break = False

    def _advance(self, count: int) -> None:
        breaks = self._buffer.count(b"\n", 0, count)
        self._line += breaks
        self._after_break = self._after_break or breaks > 0
        self._buffer = self._buffer[count:]

    def _skip_space(self) -> None:
        while True:
            if space := len(self._buffer) - len(self._buffer.lstrip(_SPACE)):
                self._advance(space)
            if self._buffer or not self._more():
                return


def _skipped(text: str, position: int) -> int:
    while text[position : position + 1] in (" ", "\t", "\r", "\n"):
        position += 1
    return position


def _records_in(data: bytes) -> int | None:
    """The number of records; None if the data is no array."""
    try:
        return len(_RAW.decode(data))
    except (ValueError, RecursionError):
        return None
