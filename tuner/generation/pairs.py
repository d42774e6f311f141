"""What a model wrote about a part, checked: only pairs that keep to the schema and stand in the document are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from tuner.datasets.profile.words import plain
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.records.rules import Limits, flaws_of
from tuner.generation.chunks import Part
from tuner.generation.dedup import Known

LONGEST_QUESTION = 500
LONGEST_ANSWER = 2000
LONGEST_PASSAGE = 1500
_SHORTEST_PASSAGE = 12  # letters and digits: less stands in any document
_NUMBER = re.compile(r"\d[\d.,]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question, its answer, and the words of the document that the answer is from."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_QUESTION)]
    answer: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ANSWER)]
    passage: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PASSAGE)]


@dataclass(frozen=True, slots=True)
class Origin:
    """A pair that was kept, and where it is from. `place` is empty for a document of one part."""

    question: str
    answer: str
    document: str
    place: str
    passage: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a pair could not be used, as a sentence. `repeats` is its question when that was asked before."""

    problem: str
    repeats: str = ""


def written(arguments: Any) -> list[Any] | None:
    """The list of pairs in a tool's arguments, whatever its entries are; None when there is none.

    Models at times write the list as a text.
    """
    found = arguments.get("pairs") if isinstance(arguments, dict) else None
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, list) else None


def kept(entries: list[Any], part: Part, limits: Limits, known: Known) -> Iterator[Origin | Dropped]:
    """For each entry the pair, or why it is dropped. What is kept is `known` from then on."""
    text = plain(part.text)
    for entry in entries:
        pair = _read(entry)
        if isinstance(pair, Dropped):
            yield pair
        elif problem := _problem(pair, text, limits):
            yield Dropped(problem)
        elif problem := known.repeated(pair):
            yield Dropped(problem, pair.question)
        else:
            known.add(pair.question, pair.answer)
            yield Origin(pair.question, pair.answer, part.document, part.place, pair.passage)


def _read(entry: Any) -> Pair | Dropped:
    try:
        pair = msgspec.convert(entry, Pair, strict=True)
    except msgspec.ValidationError as error:
        return Dropped(f"it does not keep to the schema: {error}.")
    return msgspec.structs.replace(pair, question=pair.question.strip(), answer=pair.answer.strip())


def _problem(pair: Pair, text: str, limits: Limits) -> str | None:
    if any(_CONTROL.search(value) for value in (pair.question, pair.answer, pair.passage)):
        return "it has characters that cannot be read."
    passage = plain(pair.passage)
    if len(passage) < _SHORTEST_PASSAGE:
        return "its passage is too short to show where the answer is from."
    if passage not in text:
        return "its passage is not in the document word for word."
    if any(plain(number) not in text for number in _NUMBER.findall(pair.answer)):
        return "its answer has a number that the document has not."
    turns = (Turn("user", pair.question, "question"), Turn("assistant", pair.answer, "answer"))
    flaws = [flaw for flaw in flaws_of(Record(1, turns), limits) if flaw.severity == "error"]
    return f"its {flaws[0].field or 'text'} {flaws[0].message}" if flaws else None
