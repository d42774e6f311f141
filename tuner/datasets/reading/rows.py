"""What readers return: blocks of rows with their line numbers, and issues of what could not be read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import JsonValue

from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import MAX_RECORD_BYTES, UnreadableError
from tuner.datasets.reading.json_errors import json_issue
from tuner.decoders.process import DEEPEST, MOST_FIELDS, is_too_deep


@dataclass(frozen=True, slots=True)
class Row:
    """One record as parsed from the file (any JSON), with the line where it starts, from 1.

    `place` is its path in the file (`data[3]`) if other records begin on the same line.
    """

    line: int
    value: Any
    place: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be read. Reading continues with the next one. `place` is as in `Row`."""

    line: int
    issue: Issue
    place: str = ""


# Decodes a block of JSON at once; None if it cannot.
Decode = Callable[[bytes], "list[Any] | None"]


class Block(Protocol):
    """Consecutive rows of a file. A caller that does not need single rows may decode `data` as a whole."""

    @property
    def decoded(self) -> list[Any] | None:
        """The result of the reader's `decode` for `data`, if it was called."""

    @property
    def data(self) -> bytes | None:
        """The rows as JSON; None if the file is not JSON."""

    @property
    def lines(self) -> bool:
        """Whether `data` has one JSON value per line. Otherwise it is one JSON array."""

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row."""


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows of a file that is not JSON."""

    found: tuple[Row | BadRow, ...]
    data: None = None
    decoded: None = None
    lines: bool = False
    # Where the names of the fields are, if they are not in every record.
    header: str | None = None
    # Columns that a person hid or struck through, as far as this block says so.
    left_out_columns: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row."""
        return iter(self.found)


def is_repeated_header(value: Mapping[str, str]) -> bool:
    """Whether the values of a table's row are the names of their columns, as where two tables were joined."""
    return all(text.strip() == name for name, text in value.items())


def repeated_header() -> Issue:
    """The warning of a row that repeats the header."""
    message = "the row repeats the header and is left out."
    return Issue("title-row", message, "Nothing to do if that is right.", severity="warning")


def too_long(line: int) -> UnreadableError:
    """The error for a record over the size limit."""
    return UnreadableError(
        line,
        Issue(
            "record-size",
            f"the record is longer than {MAX_RECORD_BYTES // 2**20} MiB, or its end is missing.",
            "Split the record, or add the missing quote or bracket, and upload the file again.",
        ),
    )


def parsed(data: bytes, line: int) -> Row | BadRow:
    """Parses one JSON value. Stricter than Python's parser: no NaN, and no name twice in an object."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_no_repeats, parse_constant=_no_constant, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        return BadRow(line + data.count(b"\n", 0, error.start), not_utf8(data[error.start]))
    except json.JSONDecodeError as error:
        return BadRow(line + error.lineno - 1, json_issue(error))
    except RecursionError:
        return BadRow(line, too_deep())
    except _StrictError as error:
        return BadRow(line, error.issue)
    except ValueError as error:  # an integer with more digits than Python converts
        return BadRow(line, not_json(str(error).split(";")[0]))
    if data.count(b"{") + data.count(b"[") > DEEPEST and is_too_deep(value):
        return BadRow(line, too_deep())
    if isinstance(value, dict) and len(value) > MOST_FIELDS:
        return BadRow(line, too_many_fields(len(value)))
    return Row(line, value)


def no_records() -> Issue:
    """The issue of a file without records: empty, `[]` or only a header line."""
    return Issue("empty-file", "the file has no records.", "Upload a file with records.")


def not_utf8(byte: int) -> Issue:
    """The issue of a byte that is not UTF-8."""
    return Issue(
        "utf-8",
        f"the byte 0x{byte:02X} is not UTF-8: the file is damaged, or in another encoding, such as Windows-1252 "
        "(Latin-1, Western Europe), Shift_JIS (Japan) or GB 18030 (China).",
        "Save it as UTF-8: in Excel as 'CSV UTF-8', else for example with 'iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW'.",
    )


def not_json(problem: str) -> Issue:
    """The issue of a syntax error."""
    return Issue("json", f"this is not valid JSON: {problem}.", "Correct the record and upload the file again.")


def cut_off(problem: str) -> Issue:
    """The issue of a file that ends too early."""
    return Issue(
        "truncated",
        f"the file ends in the middle of a record ({problem}): it was cut off.",
        "Upload the whole file again.",
    )


def too_deep() -> Issue:
    """The issue of a record with too many levels."""
    return Issue("nesting", "the record is nested too deeply.", "Give it fields with texts instead.")


def too_many_fields(count: int) -> Issue:
    """The issue of a record or a header with too many fields."""
    message = f"there are {count:,} fields; at most {MOST_FIELDS:,} are read."
    return Issue("field-count", message, "Keep the fields with the question and the answer.")


class _StrictError(ValueError):
    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


def _no_repeats(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        message = "occurs twice in one object."
        raise _StrictError(Issue("duplicate-field", message, "Keep one of the two.", twice[:60]))
    return found


def _finite(digits: str) -> float:
    """Python parses `1e999` as infinity, which JSON cannot represent."""
    number = float(digits)
    if math.isinf(number):
        raise _StrictError(not_json(f"the number {digits[:40]} is too large"))
    return number


def _no_constant(name: str) -> Any:
    raise _StrictError(not_json(f"{name} is not a JSON value"))
