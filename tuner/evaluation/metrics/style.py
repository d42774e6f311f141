"""The metric style: length, lists, refusals and repeated questions, of each model's answers and of the references.

None of it is better or worse by itself. A tuned model should write as its references do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.samples import Sample
from tuner.evaluation.metrics.base import Grades, Measures, ScoringContext, TextMetric
from tuner.evaluation.tokens import tokens

_LIST = re.compile(r"^\s*(?:[-*•・]|\d{1,2}[.)])\s+\S", re.MULTILINE)
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:can(?:no|')t|won't|do(?:n't| not) (?:know|have))|as an ai\b"
    r"|tut mir leid|je (?:suis désolée?|ne peux pas)|lo siento|no puedo)"
    r"|申し訳|分かりません|わかりません|抱歉|对不起|我不知道|无法回答",
    re.IGNORECASE,
)
# A refusal is recognised in the first characters only: later, "I cannot" can be part of an answer.
_OPENING = 160
# A shorter question occurs in an answer by chance.
_SHORTEST_QUESTION = 4


class Style(TextMetric):
    """Describes the answers. All measures but the length are shares of the answers."""

    name = "style"
    measures = METRICS["style"]

    def grade(self, samples: Sequence[Sample], context: ScoringContext) -> Grades:
        """Measures the references too."""
        references = [self.measure(sample.reference, sample) for sample in samples]
        return replace(super().grade(samples, context), references=references)

    def applies(self, sample: Sample) -> bool:
        """The style of an answer does not depend on the reference."""
        return True

    def measure(self, answer: str, sample: Sample) -> Measures:
        """The length in words, and 1 (yes) or 0 (no) for the other measures."""
        asked = tokens(sample.question)
        repeated = len(asked) >= _SHORTEST_QUESTION and _within(asked, tokens(answer))
        return {
            "style_words": len(tokens(answer)),
            "style_list": float(len(_LIST.findall(answer)) >= 2),
            "style_refusal": float(refuses(answer)),
            "style_copied": float(repeated),
        }


def refuses(answer: str) -> bool:
    """Whether the answer begins with the words of a refusal."""
    return bool(_REFUSAL.search(answer[:_OPENING].replace("’", "'")))


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    return f" {' '.join(part)} " in f" {' '.join(whole)} "
