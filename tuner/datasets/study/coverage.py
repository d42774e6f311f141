"""How much the training data says about what each evaluation question asks.

A model learns a subject from several records. One that a single record speaks of is answered from what the base model
knew, and the evaluation blames the training for it.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tuner.datasets.findings import Flaw
from tuner.datasets.record import Record
from tuner.datasets.study.words import stem, terms, words

_COMMON = 0.5  # a term in more records than this is the dataset's theme, not a question's subject
_FEW = 3
_MOST_QUESTIONS = 2000
_HIDDEN = "(not shown: it holds a secret)"


@dataclass(frozen=True, slots=True)
class Covered:
    """A question's subject, how many training records speak of it, and how often."""

    line: int
    question: str
    subject: tuple[str, ...]
    records: int
    mentions: int


class Coverage:
    """Is given the evaluation questions first, then every training record."""

    def __init__(self) -> None:
        self._questions: list[tuple[Record, set[str], bool]] = []
        self._vocabulary: set[str] = set()
        self._hits: list[Counter[str]] = []

    def ask(self, record: Record, shown: bool = True) -> None:
        """An evaluation question. Its subject is what both question and reference name, else what the question does.

        Neither is told when it is not to be `shown`: it is counted all the same.
        """
        if len(self._questions) == _MOST_QUESTIONS:
            return
        asked = terms(record.prompt)
        subject = asked & terms(record.completion) or asked
        self._questions.append((record, subject, shown))
        self._vocabulary |= subject

    def train(self, record: Record) -> None:
        """A training record."""
        text = f"{record.prompt}\n{record.completion}"
        self._hits.append(Counter(word for word in map(stem, words(text)) if word in self._vocabulary))

    def covered(self) -> list[Covered]:
        """Each question's coverage, in the order of the questions."""
        frequency = Counter(term for hits in self._hits for term in hits)
        return [self._cover(*question, frequency) for question in self._questions]

    def _cover(self, record: Record, subject: set[str], shown: bool, frequency: Counter[str]) -> Covered:
        particular = {term for term in subject if frequency[term] <= _COMMON * len(self._hits)} or subject
        ordered = tuple(sorted(particular, key=lambda term: (frequency[term], term)))[:3]
        # A subject of several words is spoken of where most of them stand together.
        wanted = max(1, round(len(ordered) * 2 / 3))
        speaking = [hits for hits in self._hits if sum(term in hits for term in ordered) >= wanted]
        mentions = sum(hits[term] for hits in speaking for term in ordered)
        question, named = (record.question, ordered) if shown else (_HIDDEN, (_HIDDEN,))
        return Covered(record.line, question, named, len(speaking), mentions)

    def flaws(self) -> Iterator[tuple[int, Flaw]]:
        """A warning for each question that too little is said about, with its line."""
        covered = self.covered()
        if not covered or not self._hits:
            return
        usual = statistics.median(entry.records for entry in covered)
        for entry in covered:
            if entry.records < _FEW and entry.records < usual:
                subject = ", ".join(f"'{term}'" for term in entry.subject)
                message = (
                    f"{entry.records} of {len(self._hits):,} training records speak of {subject}; "
                    f"the usual question has {usual:g}."
                )
                yield entry.line, Flaw("coverage", message, "Add training records on it.", severity="warning")

    def summary(self) -> list[dict[str, Any]]:
        """For the report: the first questions, the least covered on top."""
        rows = sorted(self.covered(), key=lambda entry: entry.records)[:200]
        return [
            {
                "question": entry.question[:200],
                "subject": list(entry.subject),
                "records": entry.records,
                "mentions": entry.mentions,
            }
            for entry in rows
        ]
