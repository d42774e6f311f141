"""The metric of classifications: whether the answer is the reference's label, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.catalog.metrics import METRICS
from tuner.core.label_matching import LabelSet
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of
from tuner.evaluation.metrics.base import Grades, Metric, ScoringContext


class Classification(Metric):
    """Accuracy of each answer, and its label. Macro F1 is computed from the labels of all answers: see `summarize`."""

    name = "classification"
    measures = METRICS["classification"]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Grades by the labels of the task. They include the labels of all references."""
        known = LabelSet(context.task.labels)
        expected = [known.named(item.reference) for item in items]
        values = {name: [_scores(item, item.answers[name], known) for item in items] for name in contestants_of(items)}
        return Grades(values, labels=expected)


def _scores(item: GradedItem, answer: str | None, known: LabelSet) -> AnswerScores:
    if answer is None:
        return AnswerScores(measures={"accuracy": None, "outside_labels": None})
    found = known.find(answer)
    right = found is not None and found in map(known.find, (item.reference, *item.accepted))
    # Another right label counts as the reference's, in macro F1 and in the confusion matrix too.
    label = known.named(item.reference if right else answer)
    return AnswerScores(measures={"accuracy": float(right), "outside_labels": float(found is None)}, label=label)
