"""Pairs that are there already: training and evaluation data, and what was made before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tuner.datasets.profile.near_duplicates import NearIndex
from tuner.datasets.split import side


class Asked(Protocol):
    """A question with its answer."""

    @property
    def question(self) -> str: ...

    @property
    def answer(self) -> str: ...


class Known:
    """Recognises pairs by the question alone, whatever its case and punctuation, and nearly: as the dataset's study."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._sides: set[int] = set()
        self._questions = NearIndex()
        self._whole = NearIndex()
        for question, answer in pairs:
            self.add(question, answer)

    def add(self, question: str, answer: str) -> None:
        """Remembers a pair."""
        self._sides.add(side(question))
        self._questions.add(self._questions.sketch(question))
        self._whole.add(self._whole.sketch(f"{question}\n{answer}"))

    def repeated(self, pair: Asked) -> str | None:
        """A sentence when the pair, or nearly it, is known."""
        if side(pair.question) in self._sides:
            return "its question was asked before."
        if self._questions.nearest(self._questions.sketch(pair.question)):
            return "its question was asked before in nearly the same words."
        if self._whole.nearest(self._whole.sketch(f"{pair.question}\n{pair.answer}")):
            return "it says nearly what another pair says."
        return None
