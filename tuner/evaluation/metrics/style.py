"""The metric style: length, lists, refusals and repeated questions, of each model's answers and of the references.

None of it is better or worse by itself. A tuned model should write as its references do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metrics.base import Grades, Measures, ScoringContext, TextMetric
from tuner.evaluation.refusals import refuses
from tuner.evaluation.tokens import tokens

_LIST = re.compile(r"^\s*(?:[-*•・]|\d{1,2}[.)])\s+\S", re.MULTILINE)
# A shorter question occurs in an answer by chance.
_SHORTEST_QUESTION = 4


class Style(TextMetric):
    """Describes the answers. All measures but the length are shares of the answers."""

    name = "style"
    measures = METRICS["style"]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Measures the references too."""
        references = [self.measure(item.reference, item) for item in items]
        return replace(super().grade(items, context), references=references)

    def applies(self, item: GradedItem) -> bool:
        """The style of an answer does not depend on the reference."""
        return True

    def measure(self, answer: str, item: GradedItem) -> Measures:
        """The length in words, and 1 (yes) or 0 (no) for the other measures."""
        asked = tokens(item.question)
        repeated = len(asked) >= _SHORTEST_QUESTION and _within(asked, tokens(answer))
        return {
            "style_words": len(tokens(answer)),
            "style_list": float(len(_LIST.findall(answer)) >= 2),
            "style_refusal": float(refuses(answer)),
            "style_copied": float(repeated),
        }


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    return f" {' '.join(part)} " in f" {' '.join(whole)} "
