"""The questions of the evaluation with everything that is known of each, joined by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.artifacts.report import Answer, Coverage, DatasetSummary, Metric, Question
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_artifacts import shaped

# As many of a question's letters as the study keeps.
_STUDIED_LETTERS = 200
Document = Mapping[str, Any]


def questions(
    folder: RunFolder, scoring: Document, metrics: Mapping[str, Metric], deciding: str | None
) -> tuple[Question, ...]:
    """A run's questions in their order, each with both models' answers and what `scoring`, scores.json, says of them.

    `deciding` names the one of `metrics` that the gain of each question is told by.
    """
    if folder.find(Keys.EVALUATION) is None:
        return ()
    with shaped(folder.uri(Keys.EVALUATION) + " and the answers to it"):
        answers = {which: folder.answers(which) for which in CONTESTANTS}
        return joined(folder.read_lines(Keys.EVALUATION), answers, scoring, metrics, deciding)


def joined(
    records: Iterable[Document],
    answers: Mapping[ContestantName, Iterable[Document]],
    scoring: Document,
    metrics: Mapping[str, Metric],
    deciding: str | None,
) -> tuple[Question, ...]:
    """The same of records {"id", "question", "reference"} and answers {"id", "answer"} from anywhere."""
    said = {which: {entry["id"]: entry for entry in answers[which]} for which in CONTESTANTS}
    scores = {entry["id"]: entry for entry in scoring.get("questions", ())}
    review = {entry["id"]: entry["reasons"] for entry in scoring.get("review", ())}
    found = []
    for record in records:
        key = record["id"]
        graded = scores.get(key, {})
        both = {which: _answer(said[which].get(key), graded.get(which)) for which in CONTESTANTS}
        about = {"outcome": graded.get("outcome"), "gain": _gain(both, metrics, deciding)}
        found.append(Question.model_validate({**record, **both, **about, "review": review.get(key, ())}))
    return tuple(found)


def covered(asked: Iterable[Question], summary: DatasetSummary | None) -> tuple[Question, ...]:
    """The questions, with what the dataset's study knows of each: it goes by the first letters of their text."""
    study = summary.study if summary else None
    known = {entry.question: entry for entry in study.coverage} if study else {}
    found = []
    for question in asked:
        entry = known.get(question.question[:_STUDIED_LETTERS])
        coverage = Coverage(subject=entry.subject, records=entry.records, mentions=entry.mentions) if entry else None
        found.append(question.model_copy(update={"coverage": coverage}))
    return tuple(found)


def _answer(said: Document | None, graded: Document | None) -> Answer | None:
    if said is None and graded is None:
        return None
    values = dict(graded or {})
    numbers = {key: value for key, value in values.items() if _is_score(value)}
    words = {key: value for key, value in values.items() if isinstance(value, str | bool)}
    return Answer.model_validate({**words, **(said or {}), "scores": numbers})


def _is_score(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _gain(
    both: Mapping[ContestantName, Answer | None], metrics: Mapping[str, Metric], name: str | None
) -> float | None:
    """Tuned minus base, turned so that more is better; an answer that was not given counts as the worst."""
    metric = metrics.get(name or "")
    if metric is None or name is None or metric.better is None or metric.range is None:
        return None
    worst = metric.range[0 if metric.better == "higher" else 1]
    values = []
    for which in CONTESTANTS:
        answer = both[which]
        value = answer.scores.get(name) if answer else None
        failed = answer is None or answer.failed or answer.answer is None
        values.append(worst if value is None and failed else value)
    base, tuned = values
    if base is None or tuned is None:
        return None
    return round(tuned - base if metric.better == "higher" else base - tuned, 6)
