"""Counts how much the training data says about the subject of each evaluation question.

A model learns a subject from several records. A subject with a single record is answered from what the base model
already knew, so a wrong answer to it says little about the training.
"""

from __future__ import annotations

import statistics
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tuner.artifacts.dataset import QuestionCoverage
from tuner.datasets.findings import Issue
from tuner.datasets.profile.words import stem, terms, words
from tuner.datasets.records.record import Record

# A term in more than this share of the records is the theme of the dataset, not the subject of a question.
_COMMON = 0.5
_FEW_RECORDS = 3
_MAX_QUESTIONS = 2000
_MAX_LISTED = 200
_MAX_SUBJECT_TERMS = 3
_QUESTION_CHARACTERS = 200
_HIDDEN = "(not shown: it holds a secret)"


@dataclass(frozen=True, slots=True)
class _Question:
    record: Record
    subject: frozenset[str]
    shown: bool


class CoverageCounter:
    """Takes the evaluation questions first, then every training record."""

    def __init__(self) -> None:
        self._questions: list[_Question] = []
        # Per term of a question: for each mention, the index of the training record. 4 to 8 bytes per mention.
        self._mentions: dict[str, array[int]] = {}
        self._records = 0

    def add_question(self, record: Record, shown: bool = True) -> None:
        """Adds an evaluation question. Its subject is the terms of both question and reference, else of the question.

        The text of a question that must not be `shown` is replaced; it is counted like any other.
        """
        if len(self._questions) == _MAX_QUESTIONS:
            return
        asked = terms(record.prompt)
        subject = asked & terms(record.completion) or asked
        self._questions.append(_Question(record, frozenset(subject), shown))
        self._mentions |= {term: array("L") for term in subject}

    def add_training_record(self, record: Record) -> None:
        """Counts the mentions of all subjects in a training record."""
        for word in words(f"{record.prompt}\n{record.completion}"):
            if (mentions := self._mentions.get(stem(word))) is not None:
                mentions.append(self._records)
        self._records += 1

    def coverage(self) -> list[tuple[int, QuestionCoverage]]:
        """The line and the coverage of each question, in the order of the questions."""
        frequency = {term: len(set(mentions)) for term, mentions in self._mentions.items()}
        return [(question.record.line, self._cover(question, frequency)) for question in self._questions]

    def _cover(self, question: _Question, frequency: Mapping[str, int]) -> QuestionCoverage:
        """How many training records are about the question's subject. `frequency`: the records that have a term."""
        specific = {term for term in question.subject if frequency[term] <= _COMMON * self._records}
        # The rarest terms describe the subject best.
        by_rarity = sorted(specific or question.subject, key=lambda term: (frequency[term], term))
        subject = tuple(by_rarity[:_MAX_SUBJECT_TERMS])
        # A record covers a subject of several terms if it has at least two thirds of them.
        wanted = max(1, round(len(subject) * 2 / 3))
        mentioned = [self._mentions[term] for term in subject]
        terms_in_record = Counter(index for mentions in mentioned for index in set(mentions))
        mentions = sum(terms_in_record[index] >= wanted for mentions in mentioned for index in mentions)
        return QuestionCoverage(
            question=question.record.question[:_QUESTION_CHARACTERS] if question.shown else _HIDDEN,
            subject=subject if question.shown else (_HIDDEN,),
            records=sum(count >= wanted for count in terms_in_record.values()),
            mentions=mentions,
        )

    def issues(self) -> Iterator[tuple[int, Issue]]:
        """A warning, with its line, for each question that few training records cover."""
        covered = self.coverage()
        if not covered or not self._records:
            return
        median = statistics.median(entry.records for _, entry in covered)
        for line, entry in covered:
            if entry.records < _FEW_RECORDS and entry.records < median:
                subject = ", ".join(f"'{term}'" for term in entry.subject)
                message = (
                    f"{entry.records} of {self._records:,} training records mention {subject}; "
                    f"the median of all questions is {median:g}."
                )
                remedy = "Add training records about this subject."
                yield line, Issue("coverage", message, remedy, severity="warning")

    def least_covered(self) -> tuple[QuestionCoverage, ...]:
        """The questions with the fewest training records, for the report."""
        entries = sorted((entry for _, entry in self.coverage()), key=lambda entry: entry.records)
        return tuple(entries[:_MAX_LISTED])
