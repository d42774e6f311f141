"""Rank correlation of what the measures say about the same questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.scores import Correlation
from tuner.evaluation.statistics.comparison import rank_correlation

# Measures of whole answers. Those that a reader would take for the same (precision, recall) are left out.
_COMPARED = ("correctness", "preference", "bertscore_f1", "rouge_l", "bleu", "chrf", "token_f1")


def correlations(records: Sequence[QuestionScores]) -> tuple[Correlation, ...]:
    """Spearman's correlation between the gains (tuned minus base) per question, for each pair of measures.

    It compares gains and not scores, because the question is whether the measures find the same answers better.
    Failed answers have no score and are left out: all measures agree about those.
    """
    gains = {name: _gains(name, records) for name in _COMPARED}
    pairs = combinations([name for name in _COMPARED if gains[name]], 2)
    found = [_correlation(one, other, gains) for one, other in pairs]
    return tuple(entry for entry in found if entry is not None)


def _gains(measure: str, records: Sequence[QuestionScores]) -> dict[str, float]:
    gains = {record.id: record.difference(measure) for record in records}
    return {key: gain for key, gain in gains.items() if gain is not None}


def _correlation(one: str, other: str, gains: Mapping[str, Mapping[str, float]]) -> Correlation | None:
    shared = [key for key in gains[one] if key in gains[other]]
    rho = rank_correlation([gains[one][key] for key in shared], [gains[other][key] for key in shared])
    return None if rho is None else Correlation(one=one, other=other, rho=round(rho, 4), n=len(shared))
