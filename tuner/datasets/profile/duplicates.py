"""Finds records that repeat others, within a file and across the files of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuner.artifacts.dataset import Severity
from tuner.datasets.findings import Issue
from tuner.datasets.profile.near_duplicates import NearDuplicateIndex
from tuner.datasets.records.record import DataRole, Record, content_id
from tuner.datasets.split import question_hash

Leakage = Literal["refuse", "warn"]
_REMOVE_ONE = "Keep one of the two."


@dataclass(frozen=True, slots=True)
class _Seen:
    """An earlier record: where it is, and hashes of its question and answer."""

    role: DataRole
    file: str
    line: int
    question: int
    answer: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class DuplicateFinder:
    """Takes every record once, training data first, and reports which earlier record it repeats.

    `leaders` maps the question hash of a near duplicate to the hash of the earliest record that it repeats. A split
    puts both on the side of the leader. Appended records follow earlier ones, so no earlier record changes its side.
    """

    def __init__(self, leakage: Leakage = "refuse") -> None:
        self._leakage = leakage
        self._index = NearDuplicateIndex()
        self._indexed: list[_Seen] = []  # by the numbers that the index gives
        self._by_content: dict[str, _Seen] = {}
        self._by_question: dict[int, _Seen] = {}
        self.leaders: dict[int, int] = {}

    def issues(self, record: Record, role: DataRole, file: str) -> Iterator[Issue]:
        """What the record repeats. The record is then compared with those that follow."""
        seen = _Seen(role, file, record.line, question_hash(record.prompt), _digest(record.completion))
        content = content_id(record.prompt, record.completion)
        same_content = self._by_content.get(content)
        same_question = self._by_question.get(seen.question)
        sketch = self._index.sketch(f"{record.prompt}\n{record.completion}")
        match = self._index.nearest(sketch)
        if same_content:
            yield self._duplicate(role, same_content, "repeats", record)
        elif same_question and same_question.role != role:
            yield self._duplicate(role, same_question, "asks the question of", record)
        elif same_question and same_question.answer != seen.answer:
            message = f"the question of {same_question} has another answer here."
            remedy = "Keep the right answer, or make the questions different."
            yield Issue("answers-differ", message, remedy, record.turns[-1].field, "warning")
        elif match:
            how = f"nearly repeats ({match.similarity:.0%} alike)"
            yield self._duplicate(role, self._indexed[match.number], how, record)
        self._by_content.setdefault(content, seen)
        self._by_question.setdefault(seen.question, seen)
        if match:
            self._follow(seen.question, self._indexed[match.number].question)
        if not same_content:
            self._index.add(sketch)
            self._indexed.append(seen)

    def _duplicate(self, role: DataRole, earlier: _Seen, how: str, record: Record) -> Issue:
        field = record.turns[0].field
        if role == earlier.role:
            rule = "near-duplicate" if how.startswith("nearly") else "duplicate"
            return Issue(rule, f"{how} {earlier}.", _REMOVE_ONE, field, "warning")
        # The order of the files makes this one validation or evaluation data, and the earlier one often training data.
        message = f"{how} {earlier}: a model must not be tested on records that it was trained on."
        severity: Severity = "error" if role == "evaluation" and self._leakage == "refuse" else "warning"
        remedy = "Remove one of the two, or set evaluation.leakage to 'warn' in run.yaml."
        return Issue("leakage", message, remedy if role == "evaluation" else _REMOVE_ONE, field, severity)

    def _follow(self, question: int, leader: int) -> None:
        if leader != question and question not in self.leaders:
            self.leaders[question] = self.leaders.get(leader, leader)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
