"""The metric ROUGE (ROUGE-1, ROUGE-2 and ROUGE-L), with tokens for languages with and without spaces.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. The numbers equal those of the rouge-score library
for the same tokens, which a test checks. The library's own tokens are runs of a-z and 0-9: for it, texts in other
scripts are empty, and `-5` and `5` are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metrics.base import Measures, TextMetric
from tuner.evaluation.tokens import tokens


class Rouge(TextMetric):
    """The F measure of shared words, of shared pairs of words, and of the longest common subsequence."""

    name = "rouge"
    measures = METRICS["rouge"]

    def measure(self, answer: str, item: GradedItem) -> Measures:
        """The three F measures."""
        said, expected = tokens(answer), tokens(item.reference)
        pairs = list(pairwise(said)), list(pairwise(expected))
        return {
            "rouge_1": _f_measure(_shared(said, expected), len(said), len(expected)),
            "rouge_2": _f_measure(_shared(*pairs), *map(len, pairs)),
            "rouge_l": _f_measure(_longest_common(said, expected), len(said), len(expected)),
        }


def _f_measure(shared: int, said: int, expected: int) -> float:
    # The harmonic mean of precision (shared / said) and recall (shared / expected).
    return round(2 * shared / (said + expected), 6) if shared else 0.0


def _shared(one: Sequence[object], other: Sequence[object]) -> int:
    return (Counter(one) & Counter(other)).total()


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    Each token of `one` is a bit of an integer, so that one addition computes a whole row of the table. Hyyrö,
    "Bit-Parallel LCS-length Computation Revisited", 2004.
    """
    places: dict[str, int] = {}
    for index, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << index
    every = (1 << len(one)) - 1
    row = every
    for token in other:
        hit = row & places.get(token, 0)
        row = ((row + hit) | (row - hit)) & every
    return len(one) - row.bit_count()
