"""Checks a block of question-answer pairs as a whole, for speed.

A block passes only if no rule can find an issue in it. The check never says what is wrong: the pipeline validates a
block that fails row by row. Failing too many blocks costs time; passing too many would be a bug, so a property test
compares this check with the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import add, attrgetter, itemgetter
from typing import Any

import msgspec

from tuner.core.text_sanitizer import SHOWS_NOTHING, is_blank
from tuner.datasets.field_and_role_names import Kind, has_content
from tuner.datasets.reading.rows import Block
from tuner.datasets.records.exported_answers import is_exported
from tuner.datasets.records.rules import RecordLimits
from tuner.datasets.records.schemas.pairs import PairSchema
from tuner.settings import FieldNames

# With more backslashes than this in the first bytes of a block, counting escaped quotes is slower than searching names.
_SAMPLE_BYTES, _MANY_ESCAPES = 2**14, 40
_FIRST = itemgetter(0)


@dataclass(frozen=True, slots=True)
class CheckedPairs:
    """Questions and answers of a block that passed, in the file's order. `characters` counts both."""

    prompts: list[str]
    completions: list[str]
    characters: int


class FastPath:
    """Decodes and checks records that have exactly the fields of the first record of the file."""

    def __init__(self, pairs: PairSchema, names: Iterable[str], limits: RecordLimits) -> None:
        texts = {pairs.prompt: "prompt", pairs.completion: "completion"}
        names = list(names)
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
        self._others = {name: attrgetter(field) for field, name in fields.items() if field.startswith("other")}
        self.with_content: dict[str, Any] = {}  # a value of each other field that has a content in a block
        self._quoted_names = [msgspec.json.encode(name) for name in fields.values()]
        self._reserved: dict[str, tuple[str, ...]] = {}
        for reserved in limits.model.family.reserved_strings:
            self._reserved[reserved[-1]] = (*self._reserved.get(reserved[-1], ()), reserved[:-1])
        most = int(limits.model.tokens_per_record * limits.model.family.characters_per_token)
        self._longest = most - len(limits.system_prompt or "")

    def decode(self, data: bytes, lines: bool = False) -> list[Any] | None:
        """The records, if each has exactly the expected fields and question and answer are texts; else None."""
        try:
            records: list[Any] = (self._of_lines.decode_lines if lines else self._of_array.decode)(data)
        except (ValueError, RecursionError):
            return None
        return records

    def check(self, block: Block) -> CheckedPairs | None:
        """The pairs of the block, or None if its rows must be validated one by one."""
        if block.data is None:
            return None
        records = block.decoded or self.decode(block.data, block.lines)
        if records is None:
            return None
        if not self._names_are_unique(block.data, len(records)) or (
            block.lines and not _one_per_line(block.data, records)
        ):
            return None
        prompts = [record.prompt for record in records]
        completions = [record.completion for record in records]
        if not (_all_visible(prompts) and _all_visible(completions) and self._others_are_flat(records)):
            return None
        lengths = list(map(add, map(len, prompts), map(len, completions)))
        # The rule rounds down per text, so a record of at most this many characters cannot exceed the limit.
        if max(lengths, default=0) > self._longest or self._has_reserved([*prompts, *completions]):
            return None
        return CheckedPairs(prompts, completions, sum(lengths))

    def _others_are_flat(self, records: list[Any]) -> bool:
        """Whether no other field has an object: its members may say something about the record."""
        for name, value_of in self._others.items():
            values = [bytes(value) for value in map(value_of, records)]
            if any(value.startswith(b"{") for value in values):
                return False
            if name not in self.with_content:
                decoded = map(msgspec.json.decode, values)
                if (found := next(filter(has_content, decoded), None)) is not None:
                    self.with_content[name] = found
        return True

    def _names_are_unique(self, data: bytes, records: int) -> bool:
        """Whether no record has a name twice. A decoder would silently keep the last of two equal names.

        If all fields are texts, each has four unescaped quotes. Counting those takes half the time of searching for
        the names, unless the block has many escapes.
        """
        if self._only_texts and data.count(b"\\", 0, _SAMPLE_BYTES) < _MANY_ESCAPES:
            return data.count(b'"') - _escaped_quotes(data) == 4 * len(self._quoted_names) * records
        return all(data.count(name) == records for name in self._quoted_names)

    def _has_reserved(self, texts: list[str]) -> bool:
        """Whether a text has a reserved string. Splitting at the last letter is many times faster than 13 searches."""
        if not self._reserved:
            return False
        together = "\0".join(texts)
        return any(
            piece.endswith(beginnings)
            for last, beginnings in self._reserved.items()
            for piece in together.split(last)[:-1]
        )


def fast_path_for(schema: object, row: Any, limits: RecordLimits, fields: FieldNames) -> FastPath | None:
    """The fast path of a file whose first row is `row`; None if the file must be validated row by row."""
    if not isinstance(schema, PairSchema) or fields.minimum or limits.role == "evaluation":
        return None
    if is_exported(schema.completion):
        return None  # the text of the field may say that there is no answer
    others = schema.others(row)
    if any(kind not in (Kind.DESCRIPTION, Kind.UNKNOWN) or name not in row for name, (kind, _) in others.items()):
        return None  # a field says something about the record, or is nested
    if not {schema.prompt, schema.completion} <= row.keys() or not all(map(_decodable, row)):
        return None
    if schema.native == limits.model.family.record_format and len(row) > 2:
        return None  # each record has a member that is not in the format, which is a warning
    return FastPath(schema, row, limits)


def _all_visible(texts: list[str]) -> bool:
    """Whether every text has a visible character. Only texts that begin with an invisible one are searched."""
    try:
        firsts = "".join(map(_FIRST, texts))
    except IndexError:  # an empty text
        return False
    if firsts.isascii() and firsts.isalnum():
        return True
    doubtful = {first for first in set(firsts) if first in SHOWS_NOTHING or first.isspace()}
    return not doubtful or not any(text[0] in doubtful and is_blank(text) for text in texts)


def _decodable(name: str) -> bool:
    """Whether msgspec accepts the name of a field: no control characters, quotes or lone surrogates."""
    return name.isprintable() and '"' not in name and "\\" not in name


def _escaped_quotes(data: bytes) -> int:
    """The number of `\\"` in valid JSON."""
    found, at = 0, data.find(b"\\")
    while at >= 0:
        found += data[at + 1] == ord('"')
        at = data.find(b"\\", at + 2)
    return found


def _one_per_line(data: bytes, records: list[Any]) -> bool:
    """Whether every line has one object. The decoder also accepts two objects on a line, and one on several lines.

    Valid JSON has no line break inside a text, and no `}`, line break, `{` inside a value.
    """
    plain = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    breaks = plain.count(b"\n")
    between = len(records) - 1
    ends_with_break = plain.endswith(b"}\n")
    return plain.count(b"}\n{") == between and breaks == between + ends_with_break
