"""Questions with their references and both models' answers, matched by id: never by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.core.errors import EvaluationError

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One question. An answer is None when the model gave none: it failed, was empty, or is not in the file."""

    id: str
    question: str
    reference: str
    answers: Mapping[ContestantName, str | None]


@dataclass(frozen=True, slots=True)
class Exam:
    """All questions that can be scored, and in words what was left out."""

    questions: tuple[Question, ...]
    warnings: tuple[str, ...] = field(default=())


def match(
    questions: Iterable[Mapping[str, Any]], answers: Mapping[ContestantName, Iterable[Mapping[str, Any]]]
) -> Exam:
    """Puts every question's reference and both models' answers together by id.

    `questions` are records {id, question, reference}; `answers` per model records {id, answer}. A question without a
    reference and an answer to an unknown question are left out with a warning. Raises EvaluationError when nothing is
    left, when two questions share an id, or when a model answered a question twice, differently.
    """
    warnings: list[str] = []
    asked = _by_id(questions)
    given = {model: _answers_by_id(model, answers[model], warnings) for model in CONTESTANTS}
    for model in CONTESTANTS:
        unknown = [key for key in given[model] if key not in asked]
        if unknown:
            warnings.append(
                f"{_count(len(unknown), 'answer')} of the {model} model left out: no such question: {_some(unknown)}."
            )
        if given[model] and len(unknown) == len(given[model]):
            raise EvaluationError(
                f"None of the {model} model's answers belongs to a question: ids such as {_some(unknown)} are not "
                f"among the references' ({_some(asked)}). Score answers against the references they were asked from."
            )
    return _exam(asked, given, warnings)


def _exam(
    asked: Mapping[str, Mapping[str, Any]],
    given: Mapping[ContestantName, Mapping[str, str | None]],
    warnings: list[str],
) -> Exam:
    without = [key for key, record in asked.items() if not _text(record.get("reference"))]
    if without:
        warnings.append(f"{_count(len(without), 'question')} left out: no reference answer: {_some(without)}.")
    matched = tuple(
        Question(
            key,
            str(record.get("question", "")),
            str(record["reference"]),
            {model: given[model].get(key) for model in CONTESTANTS},
        )
        for key, record in asked.items()
        if key not in set(without)
    )
    if not matched:
        raise EvaluationError(
            "There is no question with a reference answer, so nothing can be scored. "
            "Give the evaluation records an answer."
        )
    return Exam(matched, tuple(warnings))


def _by_id(questions: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    records = [(str(record["id"]), record) for record in questions]
    twice = [key for key, times in Counter(key for key, _ in records).items() if times > 1]
    if twice:
        raise EvaluationError(
            f"Ids that stand for more than one question: {_some(twice)}. Give every question its own id."
        )
    return dict(records)


def _answers_by_id(
    model: ContestantName, records: Iterable[Mapping[str, Any]], warnings: list[str]
) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    repeated = 0
    for record in records:
        key, answer = str(record["id"]), _text(record.get("answer"))
        if key in found and found[key] != answer:
            raise EvaluationError(
                f"The {model} model has two different answers to question {key}: which one counts cannot be known. "
                "Keep one of them."
            )
        repeated += key in found
        found[key] = answer
    if repeated:
        warnings.append(f"{_count(repeated, 'answer')} of the {model} model stood there twice, word for word.")
    return found


def _text(value: Any) -> str | None:
    """A text that says something; None for everything else, an empty answer included."""
    return value if isinstance(value, str) and value.strip() else None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _some(ids: Iterable[str]) -> str:
    ids = list(ids)
    return ", ".join(ids[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
