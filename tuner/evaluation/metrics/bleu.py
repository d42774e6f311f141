"""The metric BLEU and chrF, computed per answer with sacrebleu and the tokenizer for the language.

Post, "A Call for Clarity in Reporting BLEU Scores", 2018; Popović, "chrF", 2015. Both were designed for a whole corpus.
The BLEU of one answer is therefore smoothed (effective order, exponential smoothing), and the mean over the answers is
not a corpus BLEU.
"""

from __future__ import annotations

from tuner.artifacts.evaluation.scores import MetricFacts
from tuner.catalog.metrics import METRICS
from tuner.evaluation.metrics.base import Measures, ScoringContext, TextMetric
from tuner.evaluation.samples import Sample

# Languages that are written without spaces. sacrebleu has a tokenizer for Chinese. Japanese and Thai are split into
# characters, because sacrebleu's tokenizer for Japanese needs a large dictionary.
_TOKENIZERS = {"zh": "zh", "ja": "char", "th": "char"}


class Bleu(TextMetric):
    """Word sequences of up to 4 words (BLEU) and 6 characters (chrF) that answer and reference share, from 0 to 100."""

    name = "bleu"
    measures = METRICS["bleu"]

    def prepare(self, context: ScoringContext) -> MetricFacts:
        """Loads the library with the language's tokenizer."""
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF

        tokenizer = _TOKENIZERS.get(context.language[:2], "13a")
        self._bleu, self._chrf = BLEU(tokenize=tokenizer, effective_order=True), CHRF()
        return MetricFacts(tokenizer=tokenizer)

    def measure(self, answer: str, sample: Sample) -> Measures:
        """Both scores."""
        references = [sample.reference]
        return {
            "bleu": round(self._bleu.sentence_score(answer, references).score, 4),
            "chrf": round(self._chrf.sentence_score(answer, references).score, 4),
        }
