"""ROUGE-1, ROUGE-2 and ROUGE-L, with tokens that suit the language.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. The numbers are those of the rouge-score library,
which the tests compare with; its own tokens are of a-z and 0-9 only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from tuner.catalog.metrics import METRICS
from tuner.evaluation.language import tokens
from tuner.evaluation.metrics.base import TextMetric, Values
from tuner.evaluation.samples import Question


class Rouge(TextMetric):
    """Words, pairs of words, and the longest common sequence that answer and reference share; each the F measure."""

    name = "rouge"
    measures = METRICS["rouge"]

    def measure(self, answer: str, question: Question) -> Values:
        """The three F measures."""
        said, expected = tokens(answer), tokens(question.reference)
        pairs = list(pairwise(said)), list(pairwise(expected))
        return {
            "rouge_1": _f_measure(_shared(said, expected), len(said), len(expected)),
            "rouge_2": _f_measure(_shared(*pairs), *map(len, pairs)),
            "rouge_l": _f_measure(_longest_common(said, expected), len(said), len(expected)),
        }


def _f_measure(shared: int, said: int, expected: int) -> float:
    # Twice what is shared over both lengths is the harmonic mean of precision and recall.
    return round(2 * shared / (said + expected), 6) if shared else 0.0


def _shared(one: Sequence[object], other: Sequence[object]) -> int:
    return (Counter(one) & Counter(other)).total()


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence; a bit for each token of `one`, so that a row is one addition.

    Hyyrö, "Bit-Parallel LCS-length Computation Revisited", 2004.
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
