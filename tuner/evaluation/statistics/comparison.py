"""What a difference between two models' scores on the same questions can show, and what it cannot.

Everything is paired by question. Formulas are the textbook ones; where a choice was made, the docstring says why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tuner.evaluation.statistics.students_t import quantile

CONFIDENCE = 0.95
POWER = 0.8
RESAMPLES = 10_000
FEWEST = 6
"""With fewer questions not even a model that wins them all can be told from luck: 2 * 0.5**5 is over 0.05."""
_MOST_CELLS = 20_000_000
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Tuned minus base over `n` questions that both have a score for. None where `n` is too small to say."""

    n: int
    mean: float | None
    standard_error: float | None
    interval: tuple[float, float] | None
    sign_test_p: float | None
    wins: int
    ties: int
    losses: int
    smallest_detectable: float | None

    @property
    def differs(self) -> bool:
        """Whether the interval leaves zero out: the only thing called a difference."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def mean_and_error(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Mean and standard error of the mean; None where there are too few values for it."""
    if not values:
        return None, None
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, float(np.std(values, ddof=1)) / math.sqrt(len(values))


def compare(base: Sequence[float], tuned: Sequence[float], seed: int = 0) -> Comparison:
    """Compares paired scores. `seed` makes the bootstrap repeatable."""
    differences = np.asarray(tuned, dtype=float) - np.asarray(base, dtype=float)
    differences[np.abs(differences) < 1e-9] = 0.0  # what is left of equal floats
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    mean, error = mean_and_error(differences.tolist())
    enough = len(differences) >= FEWEST
    return Comparison(
        n=len(differences),
        mean=mean,
        standard_error=error,
        interval=bootstrap_interval(differences, seed) if enough else None,
        sign_test_p=sign_test(wins, losses),
        wins=wins,
        ties=len(differences) - wins - losses,
        losses=losses,
        smallest_detectable=smallest_detectable(differences) if enough else None,
    )


def bootstrap_interval(differences: Sequence[float] | np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean difference, from resampled questions.

    The plain percentile interval is too short for few questions: it divides by n instead of n - 1 and takes the normal
    distribution's tails for Student's. Its percentiles are therefore widened to make up for both: the "expanded
    percentile interval" of Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69
    (2015), section 5.
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    reach = quantile(n - 1, (1 + CONFIDENCE) / 2)
    tail = _NORMAL.cdf(-math.sqrt(n / (n - 1)) * reach)
    low, high = np.quantile(_resampled_means(values, seed), [tail, 1 - tail])
    return float(low), float(high)


def _resampled_means(values: np.ndarray, seed: int) -> np.ndarray:
    """Means of RESAMPLES samples, drawn with replacement; in blocks, so that memory stays small."""
    generator = np.random.default_rng(seed)
    block = max(1, min(RESAMPLES, _MOST_CELLS // len(values)))
    sizes = [min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block)]
    return np.concatenate([values[generator.integers(len(values), size=(s, len(values)))].mean(axis=1) for s in sizes])


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided exact probability of so uneven a count of wins and losses by luck; ties say nothing either way."""
    n = wins + losses
    if not n:
        return None
    # Both tails are alike, since either side wins half of the time.
    ways = fewest = 1
    for count in range(min(wins, losses)):
        ways = ways * (n - count) // (count + 1)
        fewest += ways
    tails: float = 2 * fewest / 2**n
    return min(1.0, tails)


def smallest_detectable(differences: Sequence[float] | np.ndarray) -> float:
    """The mean difference that this many questions, spread like these, show four times out of five."""
    n = len(differences)
    spread = float(np.std(differences, ddof=1))
    return (quantile(n - 1, (1 + CONFIDENCE) / 2) + quantile(n - 1, POWER)) * spread / math.sqrt(n)


def questions_needed(comparison: Comparison) -> int | None:
    """How many questions would decide (four times out of five) if the difference stayed what it is; None: never."""
    if not comparison.mean or not comparison.standard_error:
        return None
    spread = comparison.standard_error * math.sqrt(comparison.n)
    reach = _NORMAL.inv_cdf((1 + CONFIDENCE) / 2) + _NORMAL.inv_cdf(POWER)
    return max(FEWEST, math.ceil((reach * spread / comparison.mean) ** 2))


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None where one side does not vary."""
    if len(one) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Sequence[float]) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: np.ndarray = (ends - (counts - 1) / 2)[places]
    return shared
