"""Exact match, for questions whose reference is short."""

from __future__ import annotations

from tuner.catalog.metrics import METRICS
from tuner.evaluation.language import SHORT, is_short, tokens
from tuner.evaluation.metrics.base import TextMetric, Values
from tuner.evaluation.samples import Question


class ExactMatch(TextMetric):
    """1 when answer and reference are the same words, whatever their case, width and punctuation."""

    name = "exact_match"
    only_for = f"references of at most {SHORT} words"
    measures = METRICS["exact_match"]

    def applies(self, question: Question) -> bool:
        """Nobody hits a long reference word for word."""
        return is_short(question.reference)

    def measure(self, answer: str, question: Question) -> Values:
        """1 or 0."""
        return {"exact_match": float(tokens(answer) == tokens(question.reference))}
