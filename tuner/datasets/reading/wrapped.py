"""Finds the list of records inside an object: `{"data": [...]}`, `{"data": {"items": [...]}}`, SQuAD.

Only the beginning of the file is searched, so a file of any size can be read in constant memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tuner.datasets.field_and_role_names import PAIR_TRANSCRIPTS, RECORD_LISTS, ROLES, TEXTS_FOR_ALL, Fields
from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import MAX_RECORD_BYTES, UnreadableError
from tuner.datasets.reading.json_errors import is_cut_off
from tuner.datasets.reading.rows import BadRow, Block, Row, RowBlock, parsed

_NAME = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*:\s*')
# Lists that belong to the record that has them, although an entry may have a text and a label.
_PARTS_OF_A_RECORD = ("choices", "history", "turns", "qas", "segments", "spans", "entities", "annotations")
_SPACE = re.compile(r"\s*")
_VALUE = json.JSONDecoder()
_DEEPEST = 4
IsRecord = Callable[[Fields], bool]


class Incomplete(Exception):
    """The beginning is too short to find the list."""


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where the list begins, in bytes, and the names on the way to it."""

    offset: int
    path: str


def place_of_records(head: bytes, path: str | None, is_record: IsRecord) -> ListPlace | None:
    """Where the list of records begins; None if the file has one object per line.

    `path` is set by a person. Without one, the list must have a known name, or hold records by `is_record`, and the
    first line must not be a record itself. Raises Incomplete if more of the file is needed.
    """
    text = head.decode("latin-1")  # so that positions are those of bytes
    if path is None and _first_line_is_record(text, is_record):
        return None
    start = _skipped(text, 0)
    try:
        return next(_lists(text, start + 1, "", path, is_record), None) if text[start : start + 1] == "{" else None
    except RecursionError:
        return None


def _first_line(text: str) -> Fields | None:
    line, newline, _ = text.partition("\n")
    try:
        value = json.loads(line) if newline else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _first_line_is_record(text: str, is_record: IsRecord) -> bool:
    """Whether the first line is a record. A list of pairs, however long, is the list of records of a lone object."""
    line = _first_line(text)
    if line is None or not is_record(line):
        return False
    another_follows = text.lstrip().partition("\n")[2].lstrip().startswith("{")
    return another_follows or not any(_are_pairs(*member) for member in line.items())


def is_conversation(path: str) -> bool:
    """Whether the name of a list, the last one on its path, is that of a conversation."""
    return path.rpartition(".")[2].casefold() in PAIR_TRANSCRIPTS


def _are_pairs(name: str, value: Any) -> bool:
    """Whether a member is a conversation whose entries have no speaker: questions with their answers."""
    entries = value if isinstance(value, list) else ()
    return is_conversation(name) and any(isinstance(each, dict) and not each.keys() & {*ROLES} for each in entries)


def _lists(text: str, at: int, prefix: str, path: str | None, is_record: IsRecord) -> Iterator[ListPlace]:
    """The lists below an object whose first member is at `at`."""
    while match := _NAME.match(text, at):
        name, at = prefix + match.group(1), match.end()
        first = text[at : at + 1]
        if first == "[" and (name == path if path else _holds_records(text, at, name, is_record)):
            yield ListPlace(at, name)
        if first == "{" and prefix.count(".") < _DEEPEST and (path is None or path.startswith(f"{name}.")):
            yield from _lists(text, at + 1, f"{name}.", path, is_record)
        at = _skipped(text, _end(text, at))
        if at < len(text) and text[at] != ",":
            return
        at += 1
    if (rest := _skipped(text, at)) >= len(text) or text[rest] == '"':
        raise Incomplete  # the text ends before or inside of a name


def _holds_records(text: str, at: int, name: str, is_record: IsRecord) -> bool:
    element = _skipped(text, at + 1)
    if text[element : element + 1] != "{":
        return False
    value, _ = _decoded(text, element)
    if not isinstance(value, dict) or value.keys() & {*ROLES}:
        return False
    last = name.rpartition(".")[2]
    # The questions of a passage (`qas`) need the passage beside them: `expanded` reads the whole object.
    return last.casefold() in RECORD_LISTS or (last not in _PARTS_OF_A_RECORD and is_record(value))


def _decoded(text: str, at: int) -> tuple[Any, int]:
    try:
        return _VALUE.raw_decode(text, at)
    except json.JSONDecodeError as error:
        if is_cut_off(error):
            raise Incomplete from None
        return None, len(text)
    except ValueError:
        return None, len(text)


def _end(text: str, at: int) -> int:
    return _decoded(text, at)[1]


def _skipped(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def rest_of_object(prefix: bytes, rest: Iterator[bytes], line: int, path: str) -> Iterator[Block]:
    """Checks what follows the list, and warns about other lists of objects, which are left out."""
    data = b""
    for chunk in rest:
        data += chunk
        if len(data) > MAX_RECORD_BYTES:
            message = f"more than {MAX_RECORD_BYTES // 2**20} MiB follow the list '{path}'."
            raise UnreadableError(line, Issue("record-size", message, "Put the records into a file of their own."))
    whole = parsed(prefix + b"[]" + data, 1)
    if isinstance(whole, BadRow):
        raise UnreadableError(line, whole.issue)
    yield from (RowBlock((found,)) for found in _left_out(whole.value, path, line))


def is_one_per_line(head: bytes, path: str) -> bool:
    """Whether the first line is an object with the list, and another object follows: each line has a list."""
    line, _, rest = head.lstrip().partition(b"\n")
    first = _first_line(line.decode("utf-8", "replace") + "\n")
    return first is not None and isinstance(_at_path(first, path), list) and rest.lstrip().startswith(b"{")


def lists_of_lines(blocks: Iterator[Block], path: str) -> Iterator[Block]:
    """The records of a file with an object per line that has a list of them: `{"data": [...]}`."""
    first = True
    for block in blocks:
        found: list[Row | BadRow] = []
        for row in block.rows():
            found += _rows_of_line(row, path)
            if first and isinstance(row, Row):
                found += _left_out(row.value, path, row.line)
                first = False
        yield expanded(RowBlock(tuple(found)))


def _rows_of_line(row: Row | BadRow, path: str) -> Iterator[Row | BadRow]:
    records = _at_path(row.value, path) if isinstance(row, Row) else None
    if isinstance(records, list):
        yield from (Row(row.line, record, f"{path}[{number}]") for number, record in enumerate(records))
    elif isinstance(row, BadRow):
        yield row
    else:
        message = f"there is no list '{path}', as in the first line."
        yield BadRow(row.line, Issue("records-path", message, "Write every line in the same form."))


def _at_path(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _left_out(whole: Any, path: str, line: int) -> Iterator[BadRow]:
    """Warnings of what stands beside the list and is not read."""
    for name in other_lists(whole):
        if name != path:
            message = f"only the list '{path}' is read; the list '{name}' is left out."
            remedy = "Nothing to do if that is right; else put its records into a file of their own."
            yield BadRow(line, Issue("left-out-list", message, remedy, severity="warning"))
    for name, inner in whole.items() if isinstance(whole, dict) else ():
        if name.casefold() in TEXTS_FOR_ALL and isinstance(inner, str) and inner.strip():
            message = f"is left out: it stands beside the list '{path}', and not in each record."
            remedy = "Write it into each record. A system prompt for all records is system_prompt in run.yaml."
            yield BadRow(line, Issue("left-out-field", message, remedy, name, "warning"))


def other_lists(value: Any, prefix: str = "") -> Iterator[str]:
    """The paths of the lists of objects in a value."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield f"{prefix}{name}"
        elif isinstance(inner, dict):
            yield from other_lists(inner, f"{prefix}{name}.")


def expanded(block: Block) -> Block:
    """The questions of SQuAD's articles as rows, each with its context and place; any other block unchanged."""
    rows = list(block.rows())
    if not any(isinstance(row, Row) and _paragraphs(row.value) for row in rows):
        return block
    return RowBlock(tuple(found for row in rows for found in _questions(row)))


def _paragraphs(value: Any) -> list[tuple[str, Any]]:
    """The paragraphs of an article, or the article if it is one, with their places in it."""
    found = value.get("paragraphs") if isinstance(value, dict) else None
    paragraphs = [("", value)]
    if isinstance(found, list):
        paragraphs = [(f"paragraphs[{number}].", entry) for number, entry in enumerate(found)]
    return [each for each in paragraphs if isinstance(each[1], dict) and isinstance(each[1].get("qas"), list)]


def _questions(row: Row | BadRow) -> Iterator[Row | BadRow]:
    paragraphs = _paragraphs(row.value) if isinstance(row, Row) else []
    if not paragraphs:
        yield row
    article = f"{row.place}." if row.place else ""
    for place, paragraph in paragraphs:
        for number, question in enumerate(paragraph["qas"]):
            known = question if isinstance(question, dict) else {"question": question}
            value = {**known, "context": paragraph.get("context")}
            yield Row(row.line, value, f"{article}{place}qas[{number}]")
