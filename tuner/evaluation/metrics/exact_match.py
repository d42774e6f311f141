"""The metric exact match, for questions with a short reference."""

from __future__ import annotations

from tuner.catalog.metrics import METRICS
from tuner.evaluation.language import SHORT, is_short, tokens
from tuner.evaluation.metrics.base import Measures, TextMetric
from tuner.evaluation.samples import Sample


class ExactMatch(TextMetric):
    """1 when answer and reference have the same words. Case, punctuation and character width do not count."""

    name = "exact_match"
    only_for = f"references of at most {SHORT} words"
    measures = METRICS["exact_match"]

    def applies(self, sample: Sample) -> bool:
        """A long reference is never matched word for word."""
        return is_short(sample.reference)

    def measure(self, answer: str, sample: Sample) -> Measures:
        """1 or 0."""
        return {"exact_match": float(tokens(answer) == tokens(sample.reference))}
