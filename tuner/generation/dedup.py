"""Detects pairs that repeat training data, evaluation data or an earlier pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from tuner.core.run import DataRole
from tuner.datasets.profile.near_duplicates import NearDuplicateIndex
from tuner.datasets.profile.near_matches import wording_hash
from tuner.datasets.same_question import question_hash

OTHER_SET = "it repeats"
"""How the reason begins when a pair repeats one of another set."""


class QuestionAndAnswer(Protocol):
    """A question with its answer."""

    @property
    def question(self) -> str: ...

    @property
    def answer(self) -> str: ...


class Deduplicator:
    """Compares pairs by the question alone and by question and answer together.

    Near duplicates are found as in the dataset's profile, so that generated data causes no warnings there. `others` are
    the pairs of other sets, which no pair of this one must repeat either, by the names of the sets.
    """

    def __init__(
        self, pairs: Iterable[tuple[str, str]] = (), others: Mapping[DataRole, Deduplicator] | None = None
    ) -> None:
        self._others = dict(others or {})
        self._hashes: set[int] = set()
        self._wordings: set[int] = set()
        self._questions = NearDuplicateIndex()
        self._pairs = NearDuplicateIndex()
        for question, answer in pairs:
            self.add(question, answer)

    def add(self, question: str, answer: str) -> None:
        """Adds a pair that must not be repeated."""
        self._hashes.add(question_hash(question))
        self._wordings.add(wording_hash(question))
        self._questions.add(self._questions.sketch(question))
        self._pairs.add(self._pairs.sketch(f"{question}\n{answer}"))

    def duplicate_reason(self, pair: QuestionAndAnswer) -> str | None:
        """A sentence that says what the pair repeats; None when it is new."""
        for name, other in self._others.items():
            if reason := other.duplicate_reason(pair):
                return f"{OTHER_SET} {name} data: {reason}"
        if question_hash(pair.question) in self._hashes:
            return "its question was asked before."
        similar = self._questions.nearest(self._questions.sketch(pair.question))
        if similar or wording_hash(pair.question) in self._wordings:
            return "its question was asked before in nearly the same words."
        if self._pairs.nearest(self._pairs.sketch(f"{pair.question}\n{pair.answer}")):
            return "it says nearly what another pair says."
        return None
