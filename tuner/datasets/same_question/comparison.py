"""Makes texts comparable, and hashes what a model reads."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache

from tuner.datasets.records.record import Record
from tuner.datasets.same_question.end_punctuation import without_end_punctuation
from tuner.datasets.same_question.letter_case import folded
from tuner.datasets.same_question.unicode_form import in_one_form

# A block of code whose lines are indented after a colon (Python, YAML), or between fences: indentation has a meaning.
_INDENTED_CODE = re.compile(r":[ \t]*\n[ \t]+\S|^[ \t]*```", re.MULTILINE)


def comparable(text: str) -> str:
    """The text without differences that do not make another question of it. Not for people to read."""
    plain = text if text.isascii() else in_one_form(text)
    spaced = _with_single_spaces(plain)
    return folded(without_end_punctuation(spaced)) or spaced


def question_hash(prompt: str) -> int:
    """A number from 0 to 2^64 - 1, equal for the same question."""
    return text_hash(comparable(prompt))


def input_hash(record: Record, system_prompt: str | None = None) -> int:
    """A number from 0 to 2^64 - 1, equal if a model reads the same: system prompt, tools, earlier turns and question.

    `system_prompt` is the run's. A record with the same one of its own is like a record without one. For a question
    alone, the result is that of `question_hash`.
    """
    system = comparable(record.system or "")
    parts = _tools_and_turns(record)
    if system and system != _comparable_system(system_prompt):
        parts = ["", system, *parts]
    return text_hash("\0".join(parts))


def prompt_hash(record: Record) -> int:
    """As `input_hash`, without the system prompt."""
    return text_hash("\0".join(_tools_and_turns(record)))


def text_hash(text: str) -> int:
    """A number from 0 to 2^64 - 1. Lone surrogates, which UTF-8 cannot encode, are hashed too."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _tools_and_turns(record: Record) -> list[str]:
    """The texts of the turns before the last, after the offered tools, if there are any."""
    turns = [comparable(turn.text) for turn in record.turns[:-1]]
    # Two empty texts: a system prompt comes after one, and is never empty.
    return ["", "", json.dumps(record.tools.config, sort_keys=True), *turns] if record.tools else turns


@lru_cache(maxsize=4)
def _comparable_system(system_prompt: str | None) -> str:
    return comparable(system_prompt or "")


def _with_single_spaces(text: str) -> str:
    if "\n" in text and _INDENTED_CODE.search(text):
        return "\n".join(map(_with_its_indentation, text.strip("\r\n").splitlines())).strip()
    return " ".join(text.split())


def _with_its_indentation(line: str) -> str:
    words = " ".join(line.split())
    return line[: len(line) - len(line.lstrip())] + words if words else ""
