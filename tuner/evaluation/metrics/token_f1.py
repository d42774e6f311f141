"""The metric token F1, for questions with a short reference. As in SQuAD, but English articles are not removed.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016, section 6.1.
"""

from __future__ import annotations

from collections import Counter

from tuner.catalog.metrics import METRICS
from tuner.evaluation.language import SHORT, is_short, tokens
from tuner.evaluation.metrics.base import Measures, TextMetric
from tuner.evaluation.samples import Sample


class TokenF1(TextMetric):
    """The words that answer and reference share, in any order: the harmonic mean of precision and recall."""

    name = "token_f1"
    only_for = f"references of at most {SHORT} words"
    measures = METRICS["token_f1"]

    def applies(self, sample: Sample) -> bool:
        """In long texts, common words match by chance and hide the words that matter."""
        return is_short(sample.reference)

    def measure(self, answer: str, sample: Sample) -> Measures:
        """The F1, from 0 to 1."""
        said, meant = Counter(tokens(answer)), Counter(tokens(sample.reference))
        shared = (said & meant).total()
        return {"token_f1": round(2 * shared / (said.total() + meant.total()), 6)}
