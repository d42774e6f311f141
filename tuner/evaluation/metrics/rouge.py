"""ROUGE-1, ROUGE-2 and ROUGE-L by the rouge-score library, with tokens that suit the language.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. The library's own tokenizer knows only a-z and 0-9.
"""

from __future__ import annotations

from typing import Any

from tuner.evaluation.exam import Question
from tuner.evaluation.language import tokens
from tuner.evaluation.metrics.base import Equipment, Measure, TextMetric, Values

_VARIANTS = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}


# The longest common sequence takes time that grows with the product of both lengths.
_MOST_TOKENS = 2_000


class _Tokenizer:
    def tokenize(self, text: str) -> list[str]:
        return tokens(text)[:_MOST_TOKENS]


class Rouge(TextMetric):
    """Words, pairs of words, and the longest common sequence that answer and reference share; each the F measure.

    Of a very long text, the first 2,000 tokens count.
    """

    name = "rouge"
    measures = (Measure("rouge_1", "ROUGE-1"), Measure("rouge_2", "ROUGE-2"), Measure("rouge_l", "ROUGE-L"))

    def prepare(self, equipment: Equipment) -> dict[str, Any]:
        """Loads the library."""
        from rouge_score.rouge_scorer import RougeScorer

        self._scorer = RougeScorer(list(_VARIANTS.values()), tokenizer=_Tokenizer())
        return {}

    def measure(self, answer: str, question: Question) -> Values:
        """The three F measures."""
        found = self._scorer.score(question.reference, answer)
        return {name: round(found[variant].fmeasure, 6) for name, variant in _VARIANTS.items()}
