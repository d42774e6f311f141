"""How answers are written, each model beside the references: length, lists, refusals, the question repeated.

Nothing here is better or worse by itself; a tuned model should write as its references do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tuner.catalog.metrics import METRICS
from tuner.evaluation.language import tokens
from tuner.evaluation.metrics.base import Equipment, Grades, TextMetric, Values
from tuner.evaluation.samples import Question

_LIST = re.compile(r"^\s*(?:[-*•・]|\d{1,2}[.)])\s+\S", re.MULTILINE)
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:can(?:no|')t|won't|do(?:n't| not) (?:know|have))|as an ai\b"
    r"|tut mir leid|je (?:suis désolée?|ne peux pas)|lo siento|no puedo)"
    r"|申し訳|分かりません|わかりません|抱歉|对不起|我不知道|无法回答",
    re.IGNORECASE,
)
_OPENING = 160
_SHORTEST_QUESTION = 4


class Style(TextMetric):
    """Describes; the shares are of answers."""

    name = "style"
    measures = METRICS["style"]

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Measures the references too."""
        references = [self.measure(question.reference, question) for question in questions]
        return replace(super().grade(questions, equipment), references=references)

    def measure(self, answer: str, question: Question) -> Values:
        """A length, and yes (1) or no (0) for the rest."""
        asked = tokens(question.question)
        repeated = len(asked) >= _SHORTEST_QUESTION and _within(asked, tokens(answer))
        return {
            "style_words": len(tokens(answer)),
            "style_list": float(len(_LIST.findall(answer)) >= 2),
            "style_refusal": float(bool(_REFUSAL.search(answer[:_OPENING].replace("’", "'")))),
            "style_copied": float(repeated),
        }


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    return f" {' '.join(part)} " in f" {' '.join(whole)} "
