"""The metric exact match: whether answer and reference have the same tokens in the same order.

SQuAD's exact match removes every punctuation mark and the English articles, which makes `-5` and `5`, `1.5` and `15`,
`C++` and `C`, `vitamin A` and `vitamin` equal. Here only what docs/evaluation.md lists is ignored. There is no limit to
the length: a command, a query or a code matches at any length, and prose just does not match.
"""

from __future__ import annotations

from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metrics.base import Measures, TextMetric
from tuner.evaluation.tokens import tokens


class ExactMatch(TextMetric):
    """1 when the tokens are the same. Case, character width and the punctuation of prose do not count."""

    name = "exact_match"
    measures = METRICS["exact_match"]

    def measure(self, answer: str, item: GradedItem) -> Measures:
        """1 or 0."""
        return {"exact_match": float(tokens(answer) == tokens(item.reference))}
