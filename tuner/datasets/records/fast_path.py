"""The short way for files of questions and answers: a block of records checked as a whole.

The screen clears a block only when no rule could find anything in it; it never says what is wrong. Clearing too little
costs time, clearing too much would be a bug: a property test compares it with the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import add
from typing import Any

import msgspec

from tuner.datasets.reading.rows import Block
from tuner.datasets.records.rules import Limits
from tuner.datasets.records.schema_detection import Pairs

_SAMPLE, _MANY_ESCAPES = 2**14, 40


@dataclass(frozen=True, slots=True)
class Cleared:
    """Questions and answers of a block, in the file's order. `characters` counts both."""

    prompts: list[str]
    completions: list[str]
    characters: int


class Screen:
    """Decodes records that have exactly the fields of the file's first one, and clears what is certainly right."""

    def __init__(self, pairs: Pairs, names: Iterable[str], limits: Limits) -> None:
        texts = {pairs.prompt: "prompt", pairs.completion: "completion"}
        fields = {texts.get(name, f"other{number}"): name for number, name in enumerate(names)}
        record: Any = msgspec.defstruct(
            "Pair",
            [(field, str if field in texts.values() else msgspec.Raw) for field in fields],
            rename=fields,
            forbid_unknown_fields=True,
            gc=False,
        )
        self._of_lines = msgspec.json.Decoder(record)
        self._of_array = msgspec.json.Decoder(list[record])
        self._only_texts = len(fields) == len(texts)
        self._quoted_names = [msgspec.json.encode(name) for name in fields.values()]
        self._reserved: dict[str, tuple[str, ...]] = {}
        for reserved in limits.model.family.reserved_strings:
            self._reserved[reserved[-1]] = (*self._reserved.get(reserved[-1], ()), reserved[:-1])
        most = int(limits.model.tokens_per_record * limits.model.family.characters_per_token)
        self._longest = most - len(limits.system_prompt or "")

    def decode(self, data: bytes, lines: bool = False) -> list[Any] | None:
        """Records that have exactly the expected fields, each a text; None when any has not."""
        try:
            records: list[Any] = (self._of_lines.decode_lines if lines else self._of_array.decode)(data)
        except (ValueError, RecursionError):
            return None
        return records

    def clear(self, block: Block) -> Cleared | None:
        """The block's pairs, or None when its rows must be looked at one by one."""
        if block.data is None:
            return None
        records = block.decoded or self.decode(block.data, block.lines)
        if records is None:
            return None
        if not self._names_stand_once(block.data, len(records)) or (
            block.lines and not _one_a_line(block.data, records)
        ):
            return None
        prompts = [record.prompt for record in records]
        completions = [record.completion for record in records]
        if not (all(map(str.strip, prompts)) and all(map(str.strip, completions))):
            return None
        lengths = list(map(add, map(len, prompts), map(len, completions)))
        # The rule rounds down text by text, so no record of this many characters is over the limit.
        if max(lengths, default=0) > self._longest or self._has_reserved([*prompts, *completions]):
            return None
        return Cleared(prompts, completions, sum(lengths))

    def _names_stand_once(self, data: bytes, records: int) -> bool:
        """A decoder keeps the last of two equal names silently; every name once per record means there were none.

        Where a record is texts alone, each field has four quotes that are not escaped: they are counted in half the
        time, unless there are many escapes to be told apart.
        """
        if self._only_texts and data.count(b"\\", 0, _SAMPLE) < _MANY_ESCAPES:
            return data.count(b'"') - _escaped_quotes(data) == 4 * len(self._quoted_names) * records
        return all(data.count(name) == records for name in self._quoted_names)

    def _has_reserved(self, texts: list[str]) -> bool:
        """Looks for the strings' last letters first: splitting at one letter is many times faster than 13 searches."""
        if not self._reserved:
            return False
        together = "\0".join(texts)
        return any(
            piece.endswith(beginnings)
            for last, beginnings in self._reserved.items()
            for piece in together.split(last)[:-1]
        )


def screen_for(shape: object, row: Any, limits: Limits) -> Screen | None:
    """The screen for a file whose first row is `row`; None when only the long way reads it."""
    plain = isinstance(shape, Pairs) and not shape.context and not shape.system
    if not plain or limits.role == "evaluation":
        return None
    assert isinstance(shape, Pairs)
    if not {shape.prompt, shape.completion} <= row.keys() or not all(map(_decodable, row)):
        return None
    if shape.native == limits.model.family.record_format and len(row) > 2:
        return None  # each record has a member that the format does not know
    return Screen(shape, row, limits)


def _decodable(name: str) -> bool:
    """msgspec takes no control characters, quotes or half letters in a field's name."""
    return name.isprintable() and '"' not in name and "\\" not in name


def _escaped_quotes(data: bytes) -> int:
    """How many `\\"` stand in valid JSON."""
    found, at = 0, data.find(b"\\")
    while at >= 0:
        found += data[at + 1] == ord('"')
        at = data.find(b"\\", at + 2)
    return found


def _one_a_line(data: bytes, records: list[Any]) -> bool:
    """Whether every line is one object: the decoder also takes two on a line, and one on many.

    No line break stands inside a JSON text, and none between `}` and `{` inside a value.
    """
    plain = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    breaks = plain.count(b"\n")
    between = len(records) - 1
    last_is_whole = plain.endswith(b"}\n")
    return plain.count(b"}\n{") == between and breaks == between + last_is_whole
