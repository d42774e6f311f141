"""The mean of related questions: its standard error, degrees of freedom and interval, by groups.

Questions about one document are answered well or badly together. As independent questions, they would count several
times, and equal models would be called different far more often than promised. So the sum of each group is one
observation. The formulas are those of a cluster-robust variance for a regression on a constant only:

- The variance estimate "CR2". It has no bias if the questions are independent after all (Bell and McCaffrey, "Bias
  Reduction in Standard Errors for Linear Regression with Multi-Stage Samples", Survey Methodology 28, 2002). If all
  groups have the same size, it is the sum of squares times C / (C - 1) of Miller, "Adding Error Bars to Evals" (arXiv
  2411.00640, 2024), for C groups.
- Student's distribution with the degrees of freedom by Satterthwaite of the same authors: C - 1 for groups of the same
  size, and fewer if a few large groups decide.

If the groups of a comparison have different sizes, Student's distribution is a poor approximation: the interval is too
wide for some sizes and too narrow for others. Then the interval is that of subsample values (Hartigan, "Using Subsample
Values as Typical Values", Journal of the American Statistical Association 64, 1969): the groups are divided into two
parts, in all ways or in many that are drawn. A value that is between the means of both parts in fewer than 5 % of the
divisions is outside of the interval. This is the test that changes the signs of whole groups at random. It is known as
the wild cluster bootstrap under the null hypothesis (Cameron, Gelbach and Miller, Review of Economics and Statistics
90, 2008; MacKinnon and Webb, Journal of Applied Econometrics 32, 2017). It is exact for gains with a symmetric
distribution, whatever the sizes and the correlation are (Canay, Romano and Shaikh, Econometrica 85, 2017). Six or seven
groups can be divided in too few ways: they keep Student's distribution.

docs/decisions/0019-groups-of-questions-are-the-unit.md compares the alternatives.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tuner.artifacts.dataset import FEWEST_GROUPS
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.planning import least_p
from tuner.evaluation.statistics.students_t import distribution, quantile

# How many of the ways to divide the groups are drawn, if there are more.
DIVISIONS = 10_000
# Fewer groups can be divided in fewer than 128 ways: the smallest p-value would be above 0.01, before any correction.
_FEWEST_TO_DIVIDE = 8
# The most cells of groups and divisions at once: it bounds the memory.
_MOST_CELLS = 5_000_000
# Means that differ by less are equal: the rest is rounding error.
_EQUAL = 1e-9


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

    @property
    def are_divided(self) -> bool:
        """Whether the interval of a comparison is that of divided groups: sizes differ, and there are enough groups."""
        return self.count >= _FEWEST_TO_DIVIDE and bool((self.sizes != self.sizes[0]).any())

    def divided(self, values: np.ndarray, seed: int = 0) -> DividedMeans:
        """The means of both parts, for all ways to divide the groups, or for many that are drawn."""
        sums, total, count = self.sums(values), float(values.sum()), float(self.sizes.sum())
        lower, higher = [np.array([-math.inf])], [np.array([math.inf])]  # undivided: the other part has no mean
        for part in self._parts(seed):
            size, of_part = part @ self.sizes, part @ sums
            usable = (size > 0) & (size < count)
            size, of_part = size[usable], of_part[usable]
            means = np.array([of_part / size, (total - of_part) / (count - size)])
            means[np.abs(means) < _EQUAL] = 0.0
            # A drawn division that leaves a part empty counts as undivided.
            empty = np.full(int((~usable).sum()), math.inf)
            lower.append(np.concatenate([means.min(axis=0), -empty]))
            higher.append(np.concatenate([means.max(axis=0), empty]))
        return DividedMeans(np.sort(np.concatenate(lower)), np.sort(np.concatenate(higher)))

    def _parts(self, seed: int) -> Iterator[np.ndarray]:
        """The divisions but the undivided one, in blocks: a row for each, 1 for the groups of one of its parts."""
        ways = 2 ** min(self.count - 1, 60)
        if ways <= DIVISIONS:
            numbers = np.arange(1, ways)[:, None]
            yield ((numbers >> np.arange(self.count)) & 1).astype(float)
            return
        generator = np.random.default_rng(seed)
        block = max(1, _MOST_CELLS // self.count)
        for start in range(1, DIVISIONS, block):
            rows = min(block, DIVISIONS - start)
            yield generator.integers(2, size=(rows, self.count), dtype=np.int8).astype(float)

    def standard_error(self, values: np.ndarray) -> float | None:
        """The standard error of the mean of the values; None for one group only."""
        if self.count < 2:
            return None
        deviations = self.sums(values - values.mean())
        shares = self.sizes / self.sizes.sum()
        return math.sqrt(float((deviations**2 / (1 - shares)).sum())) / len(values)

    def expected_error(self, values: np.ndarray) -> float | None:
        """The standard error that the mean of groups of these sizes has on average; None for groups of one size.

        It is that of the variance between and within the groups, by the analysis of variance. So a large group varies
        as much as the other groups show. The interval and the standard error of one evaluation hardly show that if it
        has one large group; with further groups like these, there are several.
        """
        if self.count < 2 or (self.sizes == self.sizes[0]).all():
            return None
        size, means = len(values), self.sums(values) / self.sizes
        within = float(((values - means[self.numbers]) ** 2).sum()) / (size - self.count)
        squares = float((self.sizes**2).sum())
        between = float((self.sizes * (means - values.mean()) ** 2).sum()) - (self.count - 1) * within
        variance = max(0.0, between / (size - squares / size))
        return math.sqrt(variance * squares + within * size) / size


@dataclass(frozen=True, slots=True)
class DividedMeans:
    """The lower and the higher one of the means of two parts of the groups, for many divisions, each sorted.

    The p-value of a value is the share of the divisions that have it between both means.
    """

    lower: np.ndarray
    higher: np.ndarray

    def interval(self, confidence: float) -> tuple[float, float]:
        """The values that are between the means in at least 1 - confidence of the divisions."""
        first = math.ceil((1 - confidence) * len(self.lower) - _EQUAL) - 1
        return float(self.lower[first]), float(self.higher[-1 - first])

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference: below 1 - confidence exactly where the interval excludes zero."""
        beyond = min(int((self.lower <= 0).sum()), int((self.higher >= 0).sum()))
        return beyond / len(self.lower)


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

    `names` has the group of each value. `looks` is the plan of an evaluation that may stop early; None for any other.
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


def p_of_mean(mean: float, error: float, degrees: float, units: int) -> float:
    """The two-sided p-value of the same, of so many questions or groups.

    It is not below what so many can show. A standard error of zero would say that no other question could differ.
    """
    if abs(mean) < _EQUAL:
        return 1.0
    students = 2 * distribution(degrees, -abs(mean) / error) if error > _EQUAL else 0.0
    return max(least_p(units), students)
