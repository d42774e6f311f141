"""The metric token F1, for questions with a short reference.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016, section 6.1. The formula is
SQuAD's. The tokens are those of this package: English articles and signs are not removed.
"""

from __future__ import annotations

from collections import Counter

from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metrics.base import Measures, TextMetric
from tuner.evaluation.tokens import tokens

_LONGEST = 8


class TokenF1(TextMetric):
    """The words that answer and reference share, in any order: the harmonic mean of precision and recall."""

    name = "token_f1"
    only_for = f"references of at most {_LONGEST} words"
    measures = METRICS["token_f1"]

    def applies(self, item: GradedItem) -> bool:
        """In long texts, common words match by chance and hide the words that matter."""
        return 0 < len(tokens(item.reference)) <= _LONGEST

    def measure(self, answer: str, item: GradedItem) -> Measures:
        """The F1, from 0 to 1."""
        said, meant = Counter(tokens(answer)), Counter(tokens(item.reference))
        shared = (said & meant).total()
        return {"token_f1": round(2 * shared / (said.total() + meant.total()), 6)}
