"""Reads records with a question and an answer in two fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tuner.artifacts.generated import GeneratedPair
from tuner.catalog.models import RecordFormat
from tuner.datasets.field_and_role_names import LABELS, Fields, Kind, find, normal
from tuner.datasets.findings import Issue
from tuner.datasets.records.exported_answers import about_responses
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.records.schemas.answers import FoundAnswers, answers_in, not_a_text
from tuner.datasets.records.schemas.context_fields import ContextFields, Other, Others, context_fields, other_fields


def fields_about_origin(names: Iterable[str]) -> tuple[str, ...]:
    """The fields of a generated pair (`tuner data generate`) that only say where it is from; none of other records.

    The passage has the answer, so it must not become a part of the question as in other records.
    """
    known = GeneratedPair.model_fields.keys()
    return tuple(known - {"question", "answer"}) if {*names} - {"id"} == known else ()


# The text of a letter or a post, and what stands above it: both are the question.
_BODIES = ("body", "selftext", "description")
_TITLES = ("title", "subject", "betreff", "titel")


@dataclass(frozen=True, slots=True)
class PairSchema:
    """A question and its answer. Other fields are taken for what their names say, in every record (`beside`)."""

    prompt: str
    completion: str
    ignored: tuple[str, ...] = ()
    guessed: tuple[Issue, ...] = ()
    """Warnings about fields that were taken because of a word in their names."""

    @property
    def native(self) -> RecordFormat | None:
        """The Bedrock format that the file has, if any."""
        return "prompt_completion" if (self.prompt, self.completion) == ("prompt", "completion") else None

    @property
    def fields(self) -> dict[str, str]:
        """Which field is used as what, for the summary."""
        return {"prompt": self.prompt, "completion": self.completion}

    def others(self, row: Fields) -> dict[str, Other]:
        """The row's other fields, and what they are for."""
        found = other_fields(row, (self.prompt, self.completion), (*self.ignored, *self._about_the_answer(row)))
        if normal(self.prompt).endswith(_BODIES):
            titles = [name for name in found if normal(name).endswith(_TITLES) and name not in self.ignored]
            found |= {name: found[name]._replace(kind=Kind.INSTRUCTION) for name in titles}
        return found

    def _about_the_answer(self, row: Fields) -> list[str]:
        """Fields that would say something about another record, but describe the answer of this one."""
        answer = normal(self.completion)
        if answer == "chosen":  # the other answer, also if that is a short one such as "Yes"
            return [name for name in row if normal(name) == "rejected"]
        if answer in LABELS:  # the number of the label, beside its name
            return [name for name in row if normal(name) in LABELS]
        return about_responses(row)

    def record(self, row: Fields, line: int, others: Others) -> Record | tuple[Issue, ...]:
        """The row as a record, or its issues. `others` are the row's other fields."""
        added = context_fields(others)
        beside = added if isinstance(added, ContextFields) else ContextFields()
        grades = next((each for kind, each in others.values() if kind is Kind.GRADE and isinstance(each, list)), None)
        answers = answers_in(row, self.completion, beside.choices, grades, beside.first_choice)
        wrong = not_a_text(row, self.prompt)
        issues = tuple(issue for issue in (wrong, answers) if isinstance(issue, Issue))
        if not isinstance(added, ContextFields):
            return issues + added
        if issues or not isinstance(answers, FoundAnswers):
            return issues
        question = Turn("user", added.question(find(row, self.prompt)), self.prompt)
        turns = (*added.earlier, question, Turn("assistant", answers.texts[0], self.completion))
        return Record(line, turns, added.system, references=answers.texts[1:], warnings=answers.warnings)
