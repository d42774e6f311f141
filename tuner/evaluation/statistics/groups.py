"""The mean of related questions: its standard error, degrees of freedom and interval, by groups.

Questions about one document are answered well or badly together. As independent questions, they would count several
times, and equal models would be called different far more often than promised. So the sum of each group is one
observation. The formulas are those of a cluster-robust variance for a regression on a constant only:

- the variance estimate "CR2", which has no bias if the questions are independent after all (Bell and McCaffrey, "Bias
  Reduction in Standard Errors for Linear Regression with Multi-Stage Samples", Survey Methodology 28, 2002). If all
  groups have the same size, it is the sum of squares times C / (C - 1) of Miller, "Adding Error Bars to Evals"
  (arXiv 2411.00640, 2024), for C groups.
- Student's distribution with the degrees of freedom by Satterthwaite of the same authors: C - 1 for groups of the same
  size, and fewer if a few large groups decide.

The degrees of freedom are those of independent questions. Those of the estimated correlation (Imbens and Kolesar,
"Robust Standard Errors in Small Samples", Review of Economics and Statistics 98, 2016) are fewer if sizes differ. They
are not used: with 3 groups of 10 and 20 questions, equal models are called different in 4.6 % instead of 7.7 % of the
cases, but for one group of 30 and 30 questions, where 4.8 % are right already, the interval is 1.9 times as wide.

With C - 1 degrees of freedom and without CR2, few groups of different sizes are called different too often, and a
bootstrap over the groups too rarely: docs/calibration.md has the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tuner.artifacts.dataset import FEWEST_GROUPS
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.students_t import distribution, quantile


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each value, as numbers from 0, and how many values each group has."""

    numbers: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, names: Sequence[Hashable] | None) -> Groups | None:
        """The groups by the name of each value's group; None if every value is independent."""
        if names is None or len(set(names)) == len(names):
            return None
        known: dict[Hashable, int] = {}
        numbers = np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
        return cls(numbers, np.bincount(numbers).astype(float))

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.sizes)

    @property
    def degrees(self) -> float:
        """The degrees of freedom of the mean; 0 for one group."""
        if self.count < 2:
            return 0.0
        shares = self.sizes / self.sizes.sum()
        # The variance estimate is a quadratic form of the values. Its matrix has the groups' shares on the diagonal.
        weights = shares**2 / (1 - shares)
        off_diagonal = weights.sum() ** 2 - (weights**2).sum()
        # Rounding makes 8.999999999999998 of the 9 degrees of ten groups of one size.
        return float(round(1 / ((shares**2).sum() + off_diagonal), 9))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of the values of each group."""
        return np.bincount(self.numbers, weights=values, minlength=self.count)

    def standard_error(self, values: np.ndarray) -> float | None:
        """The standard error of the mean of the values; None for one group only."""
        if self.count < 2:
            return None
        deviations = self.sums(values - values.mean())
        shares = self.sizes / self.sizes.sum()
        return math.sqrt(float((deviations**2 / (1 - shares)).sum())) / len(values)


def interval_of_mean(mean: float, error: float, degrees: float, confidence: float) -> tuple[float, float]:
    """The interval of a mean by Student's distribution."""
    reach = quantile(degrees, (1 + confidence) / 2) * error
    return mean - reach, mean + reach


def interval_of_estimate(
    mean: float | None,
    error: float | None,
    names: Sequence[Hashable],
    bounds: tuple[float, float] | None,
    looks: Looks | None = None,
) -> tuple[float, float] | None:
    """The 95 % interval of one contestant's mean, inside the bounds of the measure. None with too few questions.

    `names` are those of the groups of its values. `looks` are those of an evaluation that may stop early.
    """
    groups = Groups.of(names)
    units, degrees = (groups.count, groups.degrees) if groups else (len(names), len(names) - 1.0)
    if mean is None or error is None or units < FEWEST_GROUPS:
        return None
    if looks is None or looks.complete:
        reach = quantile(degrees, (1 + (looks.confidence if looks else 0.95)) / 2)
    elif (found := looks.reach(degrees)) is not None:
        reach = found
    else:
        return None
    low, high = bounds or (-math.inf, math.inf)
    return max(low, mean - reach * error), min(high, mean + reach * error)


def p_of_mean(mean: float, error: float, groups: Groups) -> float:
    """The two-sided p-value of the same: below 1 - confidence exactly where the interval excludes zero."""
    if not mean:
        return 1.0
    # Equal gains in all groups have no spread: the sign test over the groups gives the p-value.
    least: float = 2 * 0.5**groups.count
    return max(least, 2 * distribution(groups.degrees, -abs(mean) / error)) if error > 0 else least
