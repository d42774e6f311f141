"""Precision, recall and confusion of each label of a classification, from the labels of references and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores, contestants_in
from tuner.artifacts.evaluation.task_details import (
    ClassificationDetails,
    Confusion,
    LabelResult,
    LabelScores,
    OutsideAnswers,
)

_MOST_TEXTS = 20


def answered_label(answer: AnswerScores) -> str | None:
    """The label that counts for an answer: None for an answer that is no label, or was not given."""
    return answer.label if answer.measures.get("outside_labels") == 0 else None


def classification_details(records: Sequence[QuestionScores]) -> ClassificationDetails | None:
    """What the report shows about the labels. None without a question that has one."""
    labelled = [record for record in records if record.label is not None]
    if not labelled:
        return None
    support = Counter(str(record.label) for record in labelled)
    names = contestants_in(labelled)
    said = {answered_label(record.of(name)) for record in labelled for name in names} - {None}
    labels = sorted({*support, *map(str, said)})
    return ClassificationDetails(
        labels=tuple(labels),
        scores=tuple(_scores(label, support[label], labelled) for label in labels),
        confusion=tuple(_confusion(label, labelled) for label in labels if support[label]),
        by_contestant={name: _outside(name, labelled) for name in names},
    )


def _scores(label: str, questions: int, records: Sequence[QuestionScores]) -> LabelScores:
    results = {name: _result(label, questions, name, records) for name in contestants_in(records)}
    return LabelScores(label=label, questions=questions, by_contestant=results)


def _result(label: str, questions: int, name: ContestantName, records: Sequence[QuestionScores]) -> LabelResult:
    said = [record for record in records if answered_label(record.of(name)) == label]
    right = sum(record.label == label for record in said)
    return LabelResult(
        precision=right / len(said) if said else None,
        recall=right / questions if questions else None,
        f1=2 * right / (len(said) + questions) if questions or said else None,
    )


def _confusion(label: str, records: Sequence[QuestionScores]) -> Confusion:
    of_label = [record for record in records if record.label == label]
    counts = {
        name: dict(Counter(_column(record.of(name)) for record in of_label).most_common())
        for name in contestants_in(records)
    }
    return Confusion(label=label, by_contestant=counts)


def _column(answer: AnswerScores) -> str:
    if answer.failed or answer.label is None:
        return ClassificationDetails.NO_ANSWER
    return answered_label(answer) or ClassificationDetails.OUTSIDE


def _outside(name: ContestantName, records: Sequence[QuestionScores]) -> OutsideAnswers:
    answers = [record.of(name) for record in records]
    texts = Counter(str(answer.label) for answer in answers if answer.measures.get("outside_labels") == 1)
    return OutsideAnswers(answers=texts.total(), texts=dict(texts.most_common(_MOST_TEXTS)))
