"""How much the training data says about what each evaluation question asks.

A model learns a subject from several records. One that a single record speaks of is answered from what the base model
knew, and the evaluation blames the training for it.
"""

from __future__ import annotations

import statistics
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.datasets.findings import Flaw
from tuner.datasets.profile.words import stem, terms, words
from tuner.datasets.records.record import Record

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
        # Where the terms of the questions are: for each mention the training record's index.
        self._mentions: dict[str, array[int]] = {}
        self._records = 0

    def ask(self, record: Record, shown: bool = True) -> None:
        """An evaluation question. Its subject is what both question and reference name, else what the question does.

        Neither is told when it is not to be `shown`: it is counted all the same.
        """
        if len(self._questions) == _MOST_QUESTIONS:
            return
        asked = terms(record.prompt)
        subject = asked & terms(record.completion) or asked
        self._questions.append((record, subject, shown))
        self._mentions |= {term: array("L") for term in subject}

    def train(self, record: Record) -> None:
        """A training record."""
        for word in words(f"{record.prompt}\n{record.completion}"):
            if (mentions := self._mentions.get(stem(word))) is not None:
                mentions.append(self._records)
        self._records += 1

    def covered(self) -> list[Covered]:
        """Each question's coverage, in the order of the questions."""
        frequency = {term: len(set(mentions)) for term, mentions in self._mentions.items()}
        return [self._cover(*question, frequency) for question in self._questions]

    def _cover(self, record: Record, subject: set[str], shown: bool, frequency: Mapping[str, int]) -> Covered:
        particular = {term for term in subject if frequency[term] <= _COMMON * self._records} or subject
        ordered = tuple(sorted(particular, key=lambda term: (frequency[term], term)))[:3]
        # A subject of several words is spoken of where most of them stand together.
        wanted = max(1, round(len(ordered) * 2 / 3))
        mentioned = [self._mentions[term] for term in ordered]
        together = Counter(index for mentions in mentioned for index in set(mentions))
        mentions = sum(together[index] >= wanted for mentions in mentioned for index in mentions)
        question, named = (record.question, ordered) if shown else (_HIDDEN, (_HIDDEN,))
        return Covered(record.line, question, named, sum(count >= wanted for count in together.values()), mentions)

    def flaws(self) -> Iterator[tuple[int, Flaw]]:
        """A warning for each question that too little is said about, with its line."""
        covered = self.covered()
        if not covered or not self._records:
            return
        usual = statistics.median(entry.records for entry in covered)
        for entry in covered:
            if entry.records < _FEW and entry.records < usual:
                subject = ", ".join(f"'{term}'" for term in entry.subject)
                message = (
                    f"{entry.records} of {self._records:,} training records speak of {subject}; "
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
