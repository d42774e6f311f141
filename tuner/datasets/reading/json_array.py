"""A JSON array of objects, of any size, read in blocks of about a megabyte.

The records of a file are written by one program, so they open alike (`{"question"`). The stream is cut before the last
opening in view, and the piece is parsed: a cut inside a text or a nested object leaves the piece unfinished, so a piece
that parses was cut rightly. Where no such cut is found, the values are delimited one at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tuner.datasets.reading.rows import (
    LONGEST_RECORD,
    BadRow,
    Block,
    Row,
    UnreadableError,
    cut_off,
    not_json,
    parsed,
    too_deep,
    too_long,
)

_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_OPENING = re.compile(rb'\{\s*"(?:[^"\\]|\\.){0,64}"')
_SPACE = b" \t\r\n"
_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class ArrayBlock:
    """Whole records as one JSON array. `line` is that of the byte after the bracket."""

    line: int
    data: bytes
    lines: bool = False

    def rows(self) -> Iterator[Row | BadRow]:
        """Every record."""
        try:
            values = [bytes(raw) for raw in _RAW.decode(self.data)]
        except (ValueError, RecursionError):  # the careful reader lets through what only `parsed` can explain
            values = [self.data[1:-1].strip(_SPACE)]
        line, position = self.line, 1
        for value in values:
            start = self.data.index(value, position)
            line += self.data.count(b"\n", position, start)
            yield parsed(value, line)
            position = start + len(value)
            line += value.count(b"\n")


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Cuts the stream between records. Raises UnreadableError where the array cannot be followed any further."""
    reader = _Reader(chunks)
    reader.skip_space()
    if not reader.buffer.startswith(b"["):
        raise UnreadableError(reader.line, not_json("a JSON array must start with '['"))
    reader.advance(1)
    yield from reader.blocks()


class _Reader:
    """The stream's unread part, and the line it starts at."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.buffer = b""
        self.line = 1
        self._ended = False
        self._opening: bytes | None = None

    def more(self) -> bool:
        """Appends the next chunk; False at the end of the file."""
        chunk = next(self._chunks, None)
        if chunk is None:
            self._ended = True
            return False
        self.buffer += chunk
        return True

    def advance(self, count: int) -> None:
        self.line += self.buffer.count(b"\n", 0, count)
        self.buffer = self.buffer[count:]

    def skip_space(self) -> None:
        while True:
            self.advance(len(self.buffer) - len(self.buffer.lstrip(_SPACE)))
            if self.buffer or not self.more():
                return

    def blocks(self) -> Iterator[Block]:
        """Records until the array's closing bracket, then nothing but space."""
        while self.more() or self.buffer:
            if (block := self._cut()) is not None:
                yield block
                continue
            self.skip_space()
            if self.buffer.startswith(b"]"):
                return self._end()
            yield self._one_value()
        raise UnreadableError(self.line, cut_off("the closing ']' is missing"))

    def _cut(self) -> ArrayBlock | None:
        """All whole records in view but the last, or None when no place to cut was found."""
        if self._opening is None:
            match = _OPENING.match(self.buffer.lstrip(_SPACE))
            self._opening = match.group() if match else None
        end = len(self.buffer)
        for _ in range(_CANDIDATES if self._opening else 0):
            end = self.buffer.rfind(self._opening or b"", 1, end)
            if end <= 0:
                break
            piece = self.buffer[:end].rstrip(_SPACE)
            if not piece.endswith(b","):
                continue
            data = b"[%b]" % piece[:-1]
            if _parses(data):
                block = ArrayBlock(self.line, data)
                self.advance(end)
                return block
        return None

    def _one_value(self) -> ArrayBlock:
        """The next value, delimited by Python's own parser, and the comma after it."""
        value, after = self._delimited()
        block = ArrayBlock(self.line, b"[%b]" % value)
        self.advance(after)
        self.skip_space()
        if self.buffer.startswith(b","):
            self.advance(1)
            self.skip_space()
            if self.buffer.startswith(b"]"):
                raise UnreadableError(self.line, not_json("a comma stands before the closing ']'"))
        elif self.buffer and not self.buffer.startswith(b"]"):
            raise UnreadableError(self.line, not_json("a ',' or ']' must follow a record"))
        return block

    def _delimited(self) -> tuple[bytes, int]:
        while True:
            # Bytes that are not UTF-8 pass through as surrogates here; `parsed` reports them.
            text = self.buffer.decode("utf-8", "surrogateescape")
            try:
                _, stop = json.JSONDecoder().raw_decode(text)
            except json.JSONDecodeError as error:
                if len(self.buffer) > LONGEST_RECORD:
                    raise self._malformed(error, text) from None
                if not self.more():
                    raise self._malformed(error, text) from None
            except (RecursionError, ValueError) as error:
                flaw = too_deep() if isinstance(error, RecursionError) else not_json(str(error).split(";")[0])
                raise UnreadableError(self.line, flaw) from None
            else:
                # A number may go on in the next chunk.
                if stop < len(text) or not self.more():
                    value = text[:stop].encode("utf-8", "surrogateescape")
                    return value, len(value)

    def _malformed(self, error: json.JSONDecodeError, text: str) -> UnreadableError:
        line = self.line + error.lineno - 1
        at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        if not at_end:
            return UnreadableError(line, not_json(f"{error.msg} at column {error.colno}"))
        return UnreadableError(line, cut_off(error.msg)) if self._ended else too_long(self.line)

    def _end(self) -> None:
        self.advance(1)
        self.skip_space()
        if self.buffer:
            raise UnreadableError(self.line, not_json("there is more after the closing ']'"))


def _parses(data: bytes) -> bool:
    try:
        _RAW.decode(data)
    except (ValueError, RecursionError):
        return False
    return True
