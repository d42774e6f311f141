"""Matches each question with its reference and the contestants' answers, by id and never by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import CONTESTANTS, ContestantName
from tuner.core.errors import EvaluationError
from tuner.evaluation.tokens import is_blank, tokens

# Ids that a message names before it says "and 12 more".
_SHOWN_IDS = 5

IdAndAnswer = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with everything that is needed to score it. `accepted` are other answers that are right too.

    An answer is None when the contestant gave none: the request failed, the answer was empty, or the file lacks it.
    """

    id: str
    question: str
    reference: str
    answers: Mapping[ContestantName, str | None]
    accepted: tuple[str, ...] = ()

    @property
    def references(self) -> str:
        """Every answer that is right, as one text for people and judges."""
        return "\n\nAlso right: ".join((self.reference, *self.accepted))


@dataclass(frozen=True, slots=True)
class SampleSet:
    """All samples that can be scored, and a warning for everything that was left out."""

    samples: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()


def match(
    questions: Iterable[EvaluationQuestion], answers: Mapping[ContestantName, Iterable[IdAndAnswer]]
) -> SampleSet:
    """Matches the questions with each contestant's answers, which are pairs of a question's id and the answer.

    A question without a reference and an answer to an unknown question are left out with a warning. Raises
    EvaluationError when nothing is left, when two questions share an id, or when a contestant answered a question
    twice, differently.
    """
    warnings: list[str] = []
    known = _by_id(questions)
    given = {name: _answers_by_id(name, answers[name], warnings) for name in CONTESTANTS}
    for name in CONTESTANTS:
        _check_ids(name, given[name], known, warnings)
    return _sample_set(known, given, warnings)


def _check_ids(
    contestant: ContestantName, given: Mapping[str, str | None], known: Collection[str], warnings: list[str]
) -> None:
    """Warns of answers to unknown questions. Raises EvaluationError when there are no others."""
    unknown = [key for key in given if key not in known]
    if unknown:
        warnings.append(
            f"{_count(len(unknown), 'answer')} of the {contestant} model left out: no question has the id "
            f"{_some(unknown)}."
        )
    if given and len(unknown) == len(given):
        raise EvaluationError(
            f"None of the {contestant} model's answers belongs to a question: ids such as {_some(unknown)} are not "
            f"among the references' ids ({_some(known)}). Score the answers against the references that belong to them."
        )


def _sample_set(
    known: Mapping[str, EvaluationQuestion],
    given: Mapping[ContestantName, Mapping[str, str | None]],
    warnings: list[str],
) -> SampleSet:
    without = [key for key, question in known.items() if is_blank(question.reference)]
    if without:
        warnings.append(
            f"{_count(len(without), 'question')} left out, because there is no reference answer: {_some(without)}."
        )
    tokenless = [key for key, question in known.items() if key not in without and not tokens(question.reference)]
    if tokenless:
        warnings.append(
            f"{_count(len(tokenless), 'question')} without a score by text metrics, because the reference answer has "
            f"no word, number or symbol: {_some(tokenless)}."
        )
    samples = tuple(
        Sample(
            key,
            question.question,
            question.reference,
            {name: given[name].get(key) for name in CONTESTANTS},
            question.accepted,
        )
        for key, question in known.items()
        if not is_blank(question.reference)
    )
    if not samples:
        raise EvaluationError(
            "There is no question with a reference answer, so nothing can be scored. "
            "Give the evaluation records an answer."
        )
    return SampleSet(samples, tuple(warnings))


def _by_id(questions: Iterable[EvaluationQuestion]) -> dict[str, EvaluationQuestion]:
    everything = list(questions)
    repeated = [key for key, count in Counter(question.id for question in everything).items() if count > 1]
    if repeated:
        raise EvaluationError(
            f"More than one question has the id {_some(repeated)}. Give every question an id of its own."
        )
    return {question.id: question for question in everything}


def _answers_by_id(
    contestant: ContestantName, answers: Iterable[IdAndAnswer], warnings: list[str]
) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    repeated = 0
    for key, text in answers:
        # An answer of blanks helps nobody: it counts as not given.
        answer = None if text is None or is_blank(text) else text
        # The same answer twice is harmless, for instance after a retried request. Two different ones are not.
        if key in found and found[key] != answer:
            raise EvaluationError(
                f"The {contestant} model has two different answers to the question {key}, so it is not known which one "
                "counts. Keep one of them."
            )
        repeated += key in found
        found[key] = answer
    if repeated:
        warnings.append(
            f"{_count(repeated, 'answer')} of the {contestant} model left out: the same answer is there twice."
        )
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _some(ids: Iterable[str]) -> str:
    ids = list(ids)
    return ", ".join(ids[:_SHOWN_IDS]) + (f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else "")
