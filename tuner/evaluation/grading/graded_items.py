"""Makes the items that metrics grade: a question, its reference and the contestants' answers, matched by id.

A question may have several answers of each contestant. Each answer is graded, and their mean is the question's score:
answers to one question are related, so they are one observation. If each question has as many answers, the mean over
its answers gives exactly the comparison of a cluster-robust analysis of all answers (statistics/groups.py).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import MAIN, ContestantName, title_of
from tuner.artifacts.evaluation.measure_scores import Number
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.catalog.metrics import Measure
from tuner.core.errors import EvaluationError
from tuner.core.text_sanitizer import is_blank
from tuner.core.wording import plural
from tuner.evaluation.tokens import tokens

# Ids that a message names before it says "and 12 more".
_SHOWN_IDS = 5

IdAndAnswer = tuple[str, str | None]
NumberedAnswer = tuple[str, str | None, int]


@dataclass(frozen=True, slots=True)
class GradedItem:
    """A question with everything that is needed to score it. `accepted` are other answers that are right too.

    An answer is None when the contestant gave none: the request failed, the answer was empty, or the file lacks it.
    `more` has the further answers, where the question was asked several times.
    """

    id: str
    question: str
    reference: str
    answers: Mapping[ContestantName, str | None]
    accepted: tuple[str, ...] = ()
    more: tuple[Mapping[ContestantName, str | None], ...] = ()

    @property
    def references(self) -> str:
        """Every answer that is right, as one text for people and judges."""
        return "\n\nAlso right: ".join((self.reference, *self.accepted))


@dataclass(frozen=True, slots=True)
class GradedItemSet:
    """All items that can be scored, and a warning for everything that was left out."""

    items: tuple[GradedItem, ...]
    warnings: tuple[str, ...] = ()


def contestants_of(items: Sequence[GradedItem]) -> tuple[ContestantName, ...]:
    """Whose answers the items have. All items have answers of the same contestants, some of them None."""
    return tuple(items[0].answers) if items else MAIN


def match(
    questions: Iterable[EvaluationQuestion], answers: Mapping[ContestantName, Iterable[IdAndAnswer]]
) -> GradedItemSet:
    """Matches the questions with each contestant's answers, which are pairs of a question's id and the answer.

    A question without a reference and an answer to an unknown question are left out with a warning. Raises
    EvaluationError when nothing is left, when two questions share an id, or when a contestant answered a question
    twice, differently.
    """
    warnings: list[str] = []
    known = _by_id(questions)
    given = {name: _answers_by_id(name, said, warnings) for name, said in answers.items()}
    for name in given:
        _check_ids(name, given[name], known, warnings)
    return _sample_set(known, given, warnings)


def _check_ids(
    contestant: ContestantName, given: Mapping[str, str | None], known: Collection[str], warnings: list[str]
) -> None:
    """Warns of answers to unknown questions. Raises EvaluationError when there are no others."""
    unknown = [key for key in given if key not in known]
    if unknown:
        warnings.append(
            f"{plural(len(unknown), 'answer')} of {title_of(contestant)} left out: no question has the id "
            f"{_some(unknown)}."
        )
    if given and len(unknown) == len(given):
        raise EvaluationError(
            f"None of {_answers_of(contestant)} belongs to a question: ids such as {_some(unknown)} are not among "
            f"the references' ids ({_some(known)}). Score the answers against the references that belong to them."
        )


def _sample_set(
    known: Mapping[str, EvaluationQuestion],
    given: Mapping[ContestantName, Mapping[str, str | None]],
    warnings: list[str],
) -> GradedItemSet:
    without = [key for key, question in known.items() if is_blank(question.reference)]
    if without:
        warnings.append(
            f"{plural(len(without), 'question')} left out, because there is no reference answer: {_some(without)}."
        )
    tokenless = [key for key, question in known.items() if key not in without and not tokens(question.reference)]
    if tokenless:
        warnings.append(
            f"{plural(len(tokenless), 'question')} without a score by text metrics, because the reference answer has "
            f"no word, number or symbol: {_some(tokenless)}."
        )
    items = tuple(
        GradedItem(
            key,
            question.question,
            question.reference,
            {name: found.get(key) for name, found in given.items()},
            question.accepted,
        )
        for key, question in known.items()
        if not is_blank(question.reference)
    )
    if not items:
        raise EvaluationError(
            "There is no question with a reference answer, so nothing can be scored. "
            "Give the evaluation records an answer."
        )
    return GradedItemSet(items, tuple(warnings))


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
    """A contestant's answers by the id of the question. Blank answers count as not given; repeated ones are a warning.

    Raises EvaluationError for two different answers to one question.
    """
    found: dict[str, str | None] = {}
    repeated = 0
    for key, text in answers:
        # An answer of blanks helps nobody: it counts as not given.
        answer = None if text is None or is_blank(text) else text
        # The same answer twice is harmless, for instance after a retried request. Two different ones are not.
        if key in found and found[key] != answer:
            raise EvaluationError(
                f"{_capitalized(title_of(contestant))} has two different answers to the question {key}, so it is not "
                "known which one counts. Keep one of them, or number them in a field 'sample' if the question was "
                "asked several times."
            )
        repeated += key in found
        found[key] = answer
    if repeated:
        warnings.append(
            f"{plural(repeated, 'answer')} of {title_of(contestant)} left out: the same answer is there twice."
        )
    return found


def _answers_of(contestant: ContestantName) -> str:
    return f"{title_of(contestant)}'s answers" if contestant in MAIN else f"the answers of {title_of(contestant)}"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _some(ids: Iterable[str]) -> str:
    ids = list(ids)
    return ", ".join(ids[:_SHOWN_IDS]) + (f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else "")


def match_repeated(
    questions: Sequence[EvaluationQuestion], answers: Mapping[ContestantName, Sequence[NumberedAnswer]]
) -> GradedItemSet:
    """As `match`, for numbered answers: a contestant may have several answers to a question, with different numbers.

    The numbers are ignored if every contestant has one answer to each question. A question may have been asked less
    often than others: no contestant has an answer with one of the numbers. Its score is the mean of the answers that it
    has. Raises EvaluationError as `match` does, and when the contestants have different numbers.
    """
    numbers = {name: sorted({number for _, _, number in given}) for name, given in answers.items()}
    if all(len({key for key, _, _ in given}) == len(given) for given in answers.values()):
        return match(questions, {name: [(key, answer) for key, answer, _ in given] for name, given in answers.items()})
    first = numbers[MAIN[0]]
    for name, found in numbers.items():
        if found != first:
            raise EvaluationError(
                f"The answers of {title_of(MAIN[0])} have the sample numbers {_listed(first)}, those of "
                f"{title_of(name)} {_listed(found)}. Ask every contestant each question equally often."
            )
    asked = {(key, number) for given in answers.values() for key, _, number in given}
    return match_numbered(questions, answers, first, asked)


def match_numbered(
    questions: Sequence[EvaluationQuestion],
    answers: Mapping[ContestantName, Sequence[NumberedAnswer]],
    numbers: Sequence[int],
    asked: Collection[tuple[str, int]] | None = None,
) -> GradedItemSet:
    """As `match`, for answers with these numbers. A contestant without an answer of a number has a failed answer.

    `asked` are the questions and numbers that were asked for. None: each question with every number.
    """
    sets = [match(questions, _numbered(answers, number)) for number in numbers]
    items = []
    for each in zip(*(one.items for one in sets), strict=True):
        pairs = zip(each, numbers, strict=True)
        found = [one.answers for one, number in pairs if asked is None or (one.id, number) in asked]
        items.append(replace(each[0], answers=(found or [each[0].answers])[0], more=tuple(found[1:])))
    warnings = dict.fromkeys(warning for each in sets for warning in each.warnings)
    if len(sets) == 1:
        return GradedItemSet(tuple(items), tuple(warnings))
    given = [answers for item in items for answers in (item.answers, *item.more)]
    lost = sum(answer is None for each in given for answer in each.values())
    every = len(given) * len(answers)
    missing = (f"{lost:,} of {every:,} answers were not given: each counts as the worst score.",) if lost else ()
    return GradedItemSet(tuple(items), (*warnings, *missing))


def _numbered(
    answers: Mapping[ContestantName, Sequence[NumberedAnswer]], number: int
) -> dict[ContestantName, list[IdAndAnswer]]:
    return {name: [(key, answer) for key, answer, which in given if which == number] for name, given in answers.items()}


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (" and more" if len(numbers) > 10 else "")


def single_answers(items: Iterable[GradedItem]) -> list[GradedItem]:
    """An item for each answer: what metrics grade."""
    return [replace(item, answers=answers, more=()) for item in items for answers in (item.answers, *item.more)]


def one_per_question(items: Sequence[GradedItem], graded: Sequence[QuestionScores]) -> list[QuestionScores]:
    """The grades of `single_answers`, with one record for each question."""
    found, at = [], 0
    for item in items:
        count = 1 + len(item.more)
        found.append(_together(graded[at : at + count]))
        at += count
    return found


def _together(records: Sequence[QuestionScores]) -> QuestionScores:
    first = records[0]
    if len(records) == 1:
        return first
    answers = {name: _mean([record.of(name) for record in records]) for name in first.by_contestant}
    return first.model_copy(update={"by_contestant": answers})


def _mean(answers: Sequence[AnswerScores]) -> AnswerScores:
    """The answers as one. Its measures are the means of those that have a value; `counted` also counts the failed.

    The reasons are those for the first answer, which is the one that people are shown.
    """
    # Members that do not apply to the answer are not set, so that the file does not have them.
    members: dict[str, object] = {"measures": _means([answer.measures for answer in answers])}
    for name in ("judge_grades", "judge_preferences"):
        if found := _means([getattr(answer, name) for answer in answers]):
            members[name] = found
    for name in ("reasoning", "preference_reasoning"):
        if text := getattr(answers[0], name):
            members[name] = text
    for name in ("problem", "preference_problem", "scorer_problem"):
        if text := next((found for answer in answers if (found := getattr(answer, name))), None):
            members[name] = text
    lengths = [answer.characters for answer in answers if answer.characters is not None]
    if lengths:
        members["characters"] = round(sum(lengths) / len(lengths))
    if any(answer.unsure for answer in answers):
        members["unsure"] = True
    if all(answer.failed for answer in answers):
        members["failed"] = True
    return AnswerScores(repeats=tuple(answers), **members)


def _means(values: Sequence[Mapping[str, Number | None]]) -> dict[str, Number | None]:
    means: dict[str, Number | None] = {}
    for name in dict.fromkeys(name for each in values for name in each):
        known = [value for each in values if (value := each.get(name)) is not None]
        means[name] = sum(known) / len(known) if known else None
    return means


def of_repeats(answers: Sequence[AnswerScores], measure: Measure) -> dict[str, float]:
    """The members of `Aggregate` that only questions have that were asked several times.

    How many requests there were and how many failed, and how much the answers to the same question differ: their
    standard deviation, pooled over the questions.
    """
    requests = [each.failed for answer in answers for each in answer.repeats if measure.name in each.measures]
    found: dict[str, float] = {"requests": len(requests), "requests_failed": sum(requests)} if requests else {}
    squares, degrees = 0.0, 0
    for answer in answers:
        values = [value for each in answer.repeats if (value := each.counted(measure.name, measure.worst)) is not None]
        if len(values) > 1:
            mean = sum(values) / len(values)
            squares += sum((value - mean) ** 2 for value in values)
            degrees += len(values) - 1
    return found | ({"spread_of_repeats": math.sqrt(squares / degrees)} if degrees else {})
