"""Token F1, for questions whose reference is short: SQuAD's, without its removal of English articles.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016, section 6.1.
"""

from __future__ import annotations

from collections import Counter

from tuner.catalog.metrics import METRICS
from tuner.evaluation.language import SHORT, is_short, tokens
from tuner.evaluation.metrics.base import TextMetric, Values
from tuner.evaluation.samples import Question


class TokenF1(TextMetric):
    """How many words answer and reference share, in any order: harmonic mean of precision and recall."""

    name = "token_f1"
    only_for = f"references of at most {SHORT} words"
    measures = METRICS["token_f1"]

    def applies(self, question: Question) -> bool:
        """In long texts chance agreement of small words drowns the rest."""
        return is_short(question.reference)

    def measure(self, answer: str, question: Question) -> Values:
        """0 to 1."""
        said, meant = Counter(tokens(answer)), Counter(tokens(question.reference))
        shared = (said & meant).total()
        return {"token_f1": round(2 * shared / max(1, said.total() + meant.total()), 6)}
