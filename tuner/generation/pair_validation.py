"""Validates the question-answer pairs that a model wrote about a chunk.

A pair is accepted only if it keeps to the schema, its passage is in the document, and it repeats no other pair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
from pydantic import JsonValue

from tuner.artifacts.generated import GeneratedPair
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.records.rules import RecordLimits, issues_of
from tuner.generation.chunks import Chunk
from tuner.generation.dedup import Deduplicator
from tuner.generation.reading.passages import ChunkText, essence

MAX_QUESTION_CHARACTERS = 500
MAX_ANSWER_CHARACTERS = 2000
MAX_PASSAGE_CHARACTERS = 1500
# Letters and digits: almost any document has a passage of fewer.
_MIN_PASSAGE_CHARACTERS = 12
# Control characters, and the marks that change the direction of text: they can hide what a person reviews.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _ModelPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pair as the tool's schema asks for it. msgspec checks lengths and types strictly."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_QUESTION_CHARACTERS)]
    answer: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ANSWER_CHARACTERS)]
    passage: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PASSAGE_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class DroppedPair:
    """Why a pair was dropped, as a sentence. `repeats` is its question if that was asked before."""

    problem: str
    repeats: str = ""


def pairs_in(arguments: JsonValue) -> list[JsonValue] | None:
    """The list of pairs in a tool call's arguments, not yet validated; None when there is no list.

    Some models write the list as a JSON string.
    """
    found = arguments.get("pairs") if isinstance(arguments, dict) else None
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, list) else None


def validate_pairs(
    entries: list[JsonValue],
    chunk: Chunk,
    limits: RecordLimits,
    dedup: Deduplicator,
    is_elsewhere: Callable[[str], bool] = lambda _: False,
) -> Iterator[GeneratedPair | DroppedPair]:
    """Yields each accepted pair, or why it was dropped. Accepted pairs are added to `dedup`.

    `is_elsewhere` says whether a passage is also in a part of the documents that another set is made from.
    """
    text = ChunkText(chunk.text)
    for entry in entries:
        pair = _parse(entry)
        if isinstance(pair, DroppedPair):
            yield pair
        elif problem := _problem(pair, text, limits):
            yield DroppedPair(problem)
        elif is_elsewhere(pair.passage):
            yield DroppedPair("its passage is also in a part of the documents that other data is made from.")
        elif problem := dedup.duplicate_reason(pair):
            yield DroppedPair(problem, pair.question)
        else:
            dedup.add(pair.question, pair.answer)
            yield GeneratedPair(
                question=pair.question,
                answer=pair.answer,
                document=chunk.document,
                place=chunk.place,
                passage=pair.passage,
            )


def _parse(entry: JsonValue) -> _ModelPair | DroppedPair:
    try:
        pair = msgspec.convert(entry, _ModelPair, strict=True)
    except msgspec.ValidationError as error:
        return DroppedPair(f"it does not keep to the schema: {error}.")
    return msgspec.structs.replace(pair, question=pair.question.strip(), answer=pair.answer.strip())


def _problem(pair: _ModelPair, text: ChunkText, limits: RecordLimits) -> str | None:
    """What is wrong with a pair of the right schema."""
    if any(_CONTROL.search(value) for value in (pair.question, pair.answer, pair.passage)):
        return "it has control characters."
    if len(essence(pair.passage)) < _MIN_PASSAGE_CHARACTERS:
        return "its passage is too short to show where the answer is from."
    if not text.has_passage(pair.passage):
        return "its passage is not in the document word for word."
    # Wrong numbers are the most frequent invention, and the easiest to detect.
    if not text.has_numbers_of(pair.answer):
        return "its answer has a number that is not in the document."
    turns = (Turn("user", pair.question, "question"), Turn("assistant", pair.answer, "answer"))
    issues = [issue for issue in issues_of(Record(1, turns), limits) if issue.severity == "error"]
    return f"its {issues[0].field or 'text'} {issues[0].message}" if issues else None
