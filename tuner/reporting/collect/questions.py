"""Joins each question of the evaluation with its answers and their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.artifacts.report import Answer, Coverage, DatasetSummary, Question
from tuner.artifacts.scores import AnswerScores, QuestionScores, Scores, by_id
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_artifacts import documented_form

# The dataset's profile names a question by its first letters, and keeps this many.
_PROFILED_LETTERS = 200
_GAIN_DIGITS = 6
Record = Mapping[str, Any]


def run_questions(folder: RunFolder, scores: Scores | None, deciding: str | None) -> tuple[Question, ...]:
    """The questions of a run, in their order. `deciding` is the measure that each question's gain is in."""
    if folder.find(Keys.EVALUATION) is None:
        return ()
    with documented_form(folder.uri(Keys.EVALUATION) + " and the answers to it"):
        # Members that are not in the file must not replace those of the scores, so unset ones are left out.
        answers = {
            name: [answer.model_dump(exclude_unset=True) for answer in folder.answers(name)] for name in CONTESTANTS
        }
        return joined_questions(folder.read_lines(Keys.EVALUATION), answers, scores, deciding)


def joined_questions(
    records: Iterable[Record],
    answers: Mapping[ContestantName, Iterable[Record]],
    scores: Scores | None,
    deciding: str | None,
) -> tuple[Question, ...]:
    """Questions {"id", "question", "reference"} joined by id with answers {"id", "answer"} and scores."""
    given = {name: {entry["id"]: entry for entry in answers[name]} for name in CONTESTANTS}
    scored = by_id(scores.questions) if scores else {}
    review = {candidate.id: candidate.reasons for candidate in scores.review} if scores else {}
    found = []
    for record in records:
        key = record["id"]
        graded = scored.get(key)
        both = {name: _answer(given[name].get(key), _scores_of(graded, name)) for name in CONTESTANTS}
        result = {"outcome": graded.outcome if graded else None, "gain": _gain(graded, scores, deciding)}
        found.append(Question.model_validate({**record, **both, **result, "review": review.get(key, ())}))
    return tuple(found)


def with_coverage(questions: Iterable[Question], summary: DatasetSummary | None) -> tuple[Question, ...]:
    """The questions, each with how much the training data says about it where the dataset's profile knows it."""
    study = summary.study if summary else None
    known = {entry.question: entry for entry in study.coverage} if study else {}
    found = []
    for question in questions:
        entry = known.get(question.question[:_PROFILED_LETTERS])
        coverage = Coverage(subject=entry.subject, records=entry.records, mentions=entry.mentions) if entry else None
        found.append(question.model_copy(update={"coverage": coverage}))
    return tuple(found)


def _scores_of(graded: QuestionScores | None, name: ContestantName) -> AnswerScores | None:
    return graded.by_contestant.get(name) if graded else None


def _answer(given: Record | None, scores: AnswerScores | None) -> Answer | None:
    if given is None and scores is None:
        return None
    scored = scores.model_dump(exclude={"measures"}, exclude_unset=True) | {"scores": scores.measures} if scores else {}
    return Answer.model_validate({**scored, **(given or {})})


def _gain(graded: QuestionScores | None, scores: Scores | None, deciding: str | None) -> float | None:
    if graded is None or scores is None or deciding is None or deciding not in scores.metrics:
        return None
    gain = graded.gain(deciding, scores.metrics[deciding])
    return None if gain is None else round(gain, _GAIN_DIGITS)
