"""BLEU and chrF of each answer by sacrebleu, with the tokenisation that suits the language.

Post, "A Call for Clarity in Reporting BLEU Scores", 2018; Popović, "chrF", 2015. Both are made for whole corpora: a
sentence's BLEU is smoothed (effective order, exponential smoothing), and its mean is not a corpus BLEU.
"""

from __future__ import annotations

from typing import Any

from tuner.catalog.metrics import METRICS
from tuner.evaluation.metrics.base import Equipment, TextMetric, Values
from tuner.evaluation.samples import Question

# Scripts without spaces: sacrebleu has a tokenizer for Chinese; Japanese and Thai are cut into characters, since its
# tokenizer for Japanese needs a dictionary that is not worth its size here.
_TOKENIZERS = {"zh": "zh", "ja": "char", "th": "char"}


class Bleu(TextMetric):
    """Sequences of up to four words (BLEU) and six characters (chrF) that answer and reference share, 0 to 100."""

    name = "bleu"
    measures = METRICS["bleu"]

    def prepare(self, equipment: Equipment) -> dict[str, Any]:
        """Loads the library with the language's tokenizer."""
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF

        tokenizer = _TOKENIZERS.get(equipment.language[:2], "13a")
        self._bleu, self._chrf = BLEU(tokenize=tokenizer, effective_order=True), CHRF()
        return {"tokenizer": tokenizer}

    def measure(self, answer: str, question: Question) -> Values:
        """Both scores."""
        references = [question.reference]
        return {
            "bleu": round(self._bleu.sentence_score(answer, references).score, 4),
            "chrf": round(self._chrf.sentence_score(answer, references).score, 4),
        }
