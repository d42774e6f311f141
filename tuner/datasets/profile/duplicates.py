"""Records that say the same, within a file and across the files of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuner.datasets.findings import Flaw
from tuner.datasets.profile.near_duplicates import NearIndex
from tuner.datasets.records.record import Record, Role, content_id
from tuner.datasets.split import side

Leakage = Literal["refuse", "warn"]
_REMOVE_ONE = "Keep one of the two."


@dataclass(frozen=True, slots=True)
class Place:
    """Where an earlier record is."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class Duplicates:
    """Looks at every record once, training first, and says which earlier one it repeats.

    `leaders` maps a question's side in the split to that of the earliest record it nearly repeats: both belong on one
    side. Appended records follow earlier ones, so that no earlier record moves.
    """

    def __init__(self, leakage: Leakage = "refuse") -> None:
        self._leakage = leakage
        self._index = NearIndex()
        self._places: list[Place] = []
        self._sides: list[int] = []
        self._contents: dict[str, tuple[Role, Place]] = {}
        self._questions: dict[int, tuple[Role, Place, str]] = {}
        self._roles: list[Role] = []
        self.leaders: dict[int, int] = {}

    def look(self, record: Record, role: Role, file: str) -> Iterator[Flaw]:
        """What the record repeats; it is remembered for those that follow."""
        place, number = Place(file, record.line), side(record.prompt)
        content, answer = content_id(record.prompt, record.completion), _digest(record.completion)
        earlier = self._contents.get(content)
        same_question = self._questions.get(number)
        sketch = self._index.sketch(f"{record.prompt}\n{record.completion}")
        near = self._index.nearest(sketch)
        if earlier:
            yield self._repeats(role, *earlier, "repeats", record)
        elif same_question and same_question[0] != role:
            yield self._repeats(role, same_question[0], same_question[1], "asks the question of", record)
        elif same_question and same_question[2] != answer:
            message = f"the question of {same_question[1]} has another answer here."
            field = record.turns[-1].field
            yield Flaw(
                "answers-differ", message, "Keep the right answer, or tell the questions apart.", field, "warning"
            )
        elif near:
            message = f"nearly repeats ({near.similarity:.0%} alike)"
            yield self._repeats(role, self._roles[near.number], self._places[near.number], message, record)
        self._remember(role, place, number, content, answer)
        self._lead(number, near.number if near else None)
        if not earlier:
            self._index.add(sketch)
            self._places.append(place)
            self._sides.append(number)
            self._roles.append(role)

    def _repeats(self, role: Role, other: Role, place: Place, how: str, record: Record) -> Flaw:
        field = record.turns[0].field
        if role == other:
            rule = "near-duplicate" if how.startswith("nearly") else "duplicate"
            return Flaw(rule, f"{how} {place}.", _REMOVE_ONE, field, "warning")
        message = f"{how} {place}: what is trained on cannot test the model."
        severity: Literal["error", "warning"] = "warning"
        if role == "evaluation" and self._leakage == "refuse":
            severity = "error"
        remedy = "Remove one of the two, or set evaluation.leakage to 'warn' in run.yaml."
        return Flaw("leakage", message, remedy if role == "evaluation" else _REMOVE_ONE, field, severity)

    def _remember(self, role: Role, place: Place, number: int, content: str, answer: str) -> None:
        self._contents.setdefault(content, (role, place))
        self._questions.setdefault(number, (role, place, answer))

    def _lead(self, number: int, near: int | None) -> None:
        if near is not None and self._sides[near] != number and number not in self.leaders:
            leader = self._sides[near]
            self.leaders[number] = self.leaders.get(leader, leader)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
