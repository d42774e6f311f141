"""What a reader gives: blocks of rows, each row at its line, and what could not be read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tuner.datasets.findings import Flaw

# No family takes a record of more than 32,000 tokens: a longer one is not read into memory just to be refused.
LONGEST_RECORD = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in the file, with the line it starts at, from 1."""

    line: int
    value: Any


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be read; those after it can."""

    line: int
    flaw: Flaw


class UnreadableError(Exception):
    """Nothing after this place of the file can be read."""

    def __init__(self, line: int | None, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.line = line
        self.flaw = flaw


Decode = Callable[[bytes], "list[Any] | None"]


class Block(Protocol):
    """Some consecutive rows of a file; a pass that needs no rows may decode `data` as a whole."""

    @property
    def decoded(self) -> list[Any] | None:
        """What the reader's `decode` made of `data`, when it was asked already."""

    @property
    def data(self) -> bytes | None:
        """The rows as JSON, when the file is JSON."""

    @property
    def lines(self) -> bool:
        """Whether `data` is one JSON value per line; otherwise it is one JSON array."""

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row."""


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows that were never JSON."""

    found: tuple[Row | BadRow, ...]
    data: None = None
    decoded: None = None
    lines: bool = False

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row."""
        return iter(self.found)


def too_long(line: int) -> UnreadableError:
    """A record that is over the limit of what is read at once."""
    return UnreadableError(
        line,
        Flaw(
            "record-size",
            f"the record is longer than {LONGEST_RECORD // 2**20} MiB, or its end is missing.",
            "Split it, or put the missing quote or bracket in, and upload the file again.",
        ),
    )


def parsed(data: bytes, line: int) -> Row | BadRow:
    """One JSON value. Strict where Python's parser is lenient: no NaN, no name twice in an object."""
    try:
        return Row(
            line,
            json.loads(
                data.decode("utf-8"), object_pairs_hook=_no_repeats, parse_constant=_no_constant, parse_float=_finite
            ),
        )
    except UnicodeDecodeError as error:
        return BadRow(line + data.count(b"\n", 0, error.start), not_utf8(data[error.start]))
    except json.JSONDecodeError as error:
        return BadRow(line + error.lineno - 1, not_json(f"{error.msg} at column {error.colno}"))
    except RecursionError:
        return BadRow(line, too_deep())
    except _StrictError as error:
        return BadRow(line, error.flaw)
    except ValueError as error:  # an integer of more digits than Python converts
        return BadRow(line, not_json(str(error).split(";")[0]))


def no_records() -> Flaw:
    """Nothing, or nothing but a frame: `[]`, a header line."""
    return Flaw("empty-file", "the file has no records.", "Upload a file with records.")


def not_utf8(byte: int) -> Flaw:
    """The text is in another encoding."""
    return Flaw(
        "utf-8",
        f"the byte 0x{byte:02X} is not UTF-8; the file seems to be in another encoding, such as Latin-1.",
        "Save the file as UTF-8 and upload it again.",
    )


def not_json(problem: str) -> Flaw:
    """A syntax error."""
    return Flaw("json", f"this is not valid JSON: {problem}.", "Mend the record and upload the file again.")


def cut_off(problem: str) -> Flaw:
    """The file ends too early."""
    return Flaw(
        "truncated",
        f"the file ends in the middle of a record ({problem}): it was cut off.",
        "Upload the whole file again.",
    )


def too_deep() -> Flaw:
    """Objects in objects in objects."""
    return Flaw("nesting", "the record is nested too deeply to be read.", "Flatten it to texts.")


class _StrictError(ValueError):
    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.flaw = flaw


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = "stands twice in one object."
        raise _StrictError(Flaw("duplicate-field", message, "Keep one of the two.", twice[:60]))
    return found


def _finite(digits: str) -> float:
    """Python reads `1e999` as infinity, which no JSON can hold."""
    number = float(digits)
    if math.isinf(number):
        raise _StrictError(not_json(f"the number {digits[:40]} is too large"))
    return number


def _no_constant(name: str) -> Any:
    raise _StrictError(not_json(f"{name} is not a JSON value"))
