"""The metric BLEU and chrF, computed per answer with sacrebleu and the tokenizer for the language.

Post, "A Call for Clarity in Reporting BLEU Scores", 2018; Popović, "chrF", 2015. Both were designed for a whole corpus.
The BLEU of one answer is therefore smoothed (effective order, exponential smoothing), and the mean over the answers is
not a corpus BLEU.
"""

from __future__ import annotations

from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metrics.base import Measures, ScoringContext, TextMetric
from tuner.evaluation.tokens import clusters

_CLUSTERS = "grapheme clusters"
# Languages that are written without spaces. sacrebleu has a tokenizer for Chinese. Japanese is split into characters,
# because sacrebleu's tokenizer for Japanese needs a large dictionary. In the other scripts, a character can be a mark,
# which sacrebleu would separate from its letter.
_TOKENIZERS = {"zh": "zh", "ja": "char", **dict.fromkeys(("th", "lo", "km", "my", "bo"), _CLUSTERS)}


class Bleu(TextMetric):
    """Word sequences of up to 4 words (BLEU) and 6 characters (chrF) that answer and reference share, from 0 to 100."""

    name = "bleu"
    measures = METRICS["bleu"]

    def prepare(self, context: ScoringContext) -> MetricFacts:
        """Loads the library with the language's tokenizer."""
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF

        tokenizer = _TOKENIZERS.get(context.language[:2], "13a")
        self._split = tokenizer == _CLUSTERS
        self._bleu = BLEU(tokenize="none" if self._split else tokenizer, effective_order=True)
        self._chrf = CHRF()
        return MetricFacts(tokenizer=tokenizer)

    def measure(self, answer: str, item: GradedItem) -> Measures:
        """Both scores."""
        said, expected = (self._tokenized(text) for text in (answer, item.reference))
        return {
            "bleu": round(self._bleu.sentence_score(said, [expected]).score, 4),
            "chrf": round(self._chrf.sentence_score(answer, [item.reference]).score, 4),
        }

    def _tokenized(self, text: str) -> str:
        return " ".join(clusters(text)) if self._split else text
