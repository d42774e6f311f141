"""Compares two models' scores on the same questions: mean difference, interval, sign test, detectable difference.

Everything is paired by question. The formulas are the textbook ones. Where there was a choice, the docstring says why.
Related questions count as one group, see `groups`. If every question is independent, the interval is a
bootstrap over the questions.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

from tuner.artifacts.dataset import FEWEST_GROUPS
from tuner.artifacts.evaluation.measure_scores import Comparison
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.groups import Groups, interval_of_mean, p_of_mean
from tuner.evaluation.statistics.planning import ERROR, POWER, least_p, units_needed
from tuner.evaluation.statistics.students_t import distribution, quantile

CONFIDENCE = 1 - ERROR
RESAMPLES = 10_000
# With fewer independent questions, or groups of them, nothing is called a difference.
FEWEST = FEWEST_GROUPS
# Fewer resamples beyond zero do not measure the tail: Student's distribution does.
_FEWEST_BEYOND = 10
# The most values that are resampled at once: it bounds the memory.
_MOST_CELLS = 20_000_000
# Floats that differ by less are equal: the rest is rounding error.
_EQUAL = 1e-9
_NORMAL = NormalDist()


class PairedDifference(Comparison):
    """The comparison with the mean difference, tuned minus base."""

    mean: float | None

    @property
    def differs(self) -> bool:
        """Whether the interval excludes zero. Nothing else is called a difference."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]

    @property
    def comparison(self) -> Comparison:
        """Without the mean, as scores.json has it: there the mean is `difference`."""
        # These are written only where questions are related, have groups of different sizes, or people scored a sample.
        optional = ("groups", "expected_error", "labelled")
        absent = {"mean", "p_corrected"} | {name for name in optional if getattr(self, name) is None}
        return Comparison.model_validate(self.model_dump(exclude=absent))

    @property
    def units(self) -> int:
        """How many independent observations there are: groups, or questions if every question is independent."""
        return self.n if self.groups is None else self.groups


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(np.std(values, ddof=1)) / math.sqrt(len(values))


def mean_and_error(
    values: Sequence[float], names: Sequence[Hashable] | None = None
) -> tuple[float | None, float | None]:
    """Mean and standard error of the mean; None where there are too few values for it.

    `names` has the group of each value. Values of one group are related.
    """
    if not values:
        return None, None
    mean = math.fsum(values) / len(values)
    if groups := Groups.of(names):
        return mean, groups.standard_error(np.asarray(values, dtype=float))
    if len(values) < 2:
        return mean, None
    return mean, float(np.std(values, ddof=1)) / math.sqrt(len(values))


def compare(
    base: Sequence[float],
    tuned: Sequence[float],
    seed: int = 0,
    names: Sequence[Hashable] | None = None,
    looks: Looks | None = None,
) -> PairedDifference:
    """Compares paired scores: `base[i]` and `tuned[i]` belong to one question. The larger score wins.

    `names` has the group of each question. `seed` makes the bootstrap repeatable.

    `looks` is the plan of an evaluation that may stop early, whose intervals are wider; None for any other.
    """
    differences = np.asarray(tuned, dtype=float) - np.asarray(base, dtype=float)
    differences[np.abs(differences) < _EQUAL] = 0.0
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    confidence = CONFIDENCE if looks is None else looks.confidence
    if groups := Groups.of(names):
        found = _compare_groups(differences, wins, losses, groups, confidence, seed)
        if looks is None:
            return found
        shown = {"smallest_detectable": found.smallest_detectable} if looks.complete else {}
        return with_looks(found, looks, groups.degrees).model_copy(update=shown)
    mean, error = mean_and_error(differences.tolist())
    enough = len(differences) >= FEWEST
    # A look needs no bootstrap: it has an interval of its own.
    usual = enough and (looks is None or looks.complete)
    interval, p = bootstrap(differences, seed, confidence) if usual else (None, None)
    found = PairedDifference(
        n=len(differences),
        mean=mean,
        standard_error=error,
        interval=interval,
        p=p,
        sign_test_p=sign_test(wins, losses),
        wins=wins,
        ties=len(differences) - wins - losses,
        losses=losses,
        smallest_detectable=unless_zero(smallest_detectable(differences)) if enough else None,
    )
    return found if looks is None else with_looks(found, looks, len(differences) - 1)


def with_looks(found: PairedDifference, looks: Looks, degrees: float) -> PairedDifference:
    """A comparison, made with the confidence of the looks, as that of an evaluation that may stop early."""
    mean, error = found.mean, found.standard_error
    reach = looks.reach(degrees)
    if looks.complete:
        if found.p is None:
            return found
        shown = looks.detectable(error, degrees, POWER) if error else None
        return found.model_copy(update={"p": looks.p_of_end(found.p), "smallest_detectable": shown})
    if mean is None or error is None or reach is None:
        return found.model_copy(update={"interval": None, "p": None})
    if error < _EQUAL:
        p = looks.p_of_equal_gains(mean, found.units)
        if p >= 1 - CONFIDENCE:
            return found.model_copy(update={"interval": None, "p": None})
        # As if one more question, or group, had no gain: equal gains alone have an interval without a width.
        error = abs(mean) / (found.units + 1)
    else:
        p = looks.p(mean / error, degrees)
    interval, shown = (mean - reach * error, mean + reach * error), looks.detectable(error, degrees, POWER)
    return found.model_copy(update={"interval": interval, "p": p, "smallest_detectable": shown})


def _compare_groups(
    differences: np.ndarray, wins: int, losses: int, groups: Groups, confidence: float, seed: int
) -> PairedDifference:
    """The comparison where questions are related. Wins and losses are those of questions; all else is by groups."""
    mean, error = float(differences.mean()), groups.standard_error(differences)
    mean = 0.0 if abs(mean) < _EQUAL else mean
    sums = groups.sums(differences)
    sums[np.abs(sums) < _EQUAL] = 0.0
    interval = p = shown = None
    if error is not None and groups.count >= FEWEST:
        if groups.are_divided and error > _EQUAL:
            divided, degrees = groups.divided(differences, seed), groups.count - 1.0
            interval, p = divided.interval(confidence), divided.p
        else:
            degrees = groups.degrees
            interval = interval_of_mean(mean, error, degrees, confidence)
            p = p_of_mean(mean, error, degrees, groups.count)
        interval = agreeing(interval, p, confidence)
        reach = (interval[1] - interval[0]) / 2
        shown = reach * (1 + quantile(degrees, POWER) / quantile(degrees, (1 + confidence) / 2))
    return PairedDifference(
        n=len(differences),
        groups=groups.count,
        mean=mean,
        standard_error=error,
        expected_error=groups.expected_error(differences),
        interval=interval,
        p=p,
        sign_test_p=sign_test(int((sums > 0).sum()), int((sums < 0).sum())),
        wins=wins,
        ties=len(differences) - wins - losses,
        losses=losses,
        smallest_detectable=shown and unless_zero(shown),
    )


def bootstrap(
    differences: Sequence[float] | np.ndarray, seed: int = 0, confidence: float = CONFIDENCE
) -> tuple[tuple[float, float], float]:
    """The 95 % interval (low, high) of the mean difference and its p-value, by a bootstrap over the questions.

    The plain percentile interval is too narrow for few questions: it divides by n instead of n - 1 and uses the tails
    of the normal distribution instead of Student's. The percentiles are widened to correct both: the "expanded
    percentile interval" of Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69
    (2015), section 5.

    The p-value is that of the interval: 1 minus the confidence of the widest interval that excludes zero. So it is
    below 0.05 exactly where the 95 % interval excludes zero. Where too few resamples are beyond zero to measure it, it
    is that of Student's distribution: the number of resamples does not limit it. `confidence` replaces 95 %.
    """
    values = np.asarray(differences, dtype=float)
    far = p_of_mean(*_mean_and_error(values), len(values) - 1, len(values))
    return expanded_percentiles(_resampled_means(values, seed), len(values), far, confidence=confidence)


def expanded_percentiles(
    resampled: np.ndarray, n: int, far: float, degrees: float | None = None, confidence: float = CONFIDENCE
) -> tuple[tuple[float, float], float]:
    """The interval and its p-value from the resampled values of a statistic of `n` questions, or groups.

    `far` is the p-value by Student's distribution, for a statistic that is so far from zero that hardly any resample
    is beyond it. `degrees` are the degrees of freedom of groups of different sizes; without them, n - 1.
    """
    # Where gains and losses balance, rounding gives a mean of 1e-17 instead of 0, and its sign would decide.
    resampled = np.where(np.abs(resampled) < _EQUAL, 0.0, resampled)
    degrees = n - 1 if degrees is None else degrees
    t = quantile(degrees, (1 + confidence) / 2)
    tail = _NORMAL.cdf(-math.sqrt(n / (n - 1)) * t)
    low, high = np.quantile(resampled, [tail, 1 - tail])
    means, measured = np.sort(resampled), min(tail, _FEWEST_BEYOND / len(resampled))
    beyond = min(_tail_up_to_zero(means), _tail_up_to_zero(-means[::-1]))
    p = _p_of_tail(max(beyond, measured), n, degrees)
    p = max(least_p(n), min(p, far) if beyond < measured else p)
    return agreeing((float(low), float(high)), p, confidence), p


def agreeing(interval: tuple[float, float], p: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval, which includes zero where so few questions cannot have a smaller p-value."""
    low, high = interval
    return interval if p < 1 - confidence else (min(low, 0.0), max(high, 0.0))


def _p_of_tail(tail: float, n: int, degrees: float) -> float:
    """The two-sided p-value from the share of the resamples beyond zero.

    It is the inverse of `expanded_percentiles`: the tail is converted from the normal distribution back to Student's.
    """
    if tail >= 0.5:
        return 1.0
    t = -_NORMAL.inv_cdf(tail) * math.sqrt((n - 1) / n)
    return 2 * (1 - distribution(degrees, t))


def _tail_up_to_zero(means: np.ndarray) -> float:
    """The largest probability whose quantile is not above zero; quantiles are interpolated as NumPy does."""
    below = int(np.searchsorted(means, 0.0, side="right"))
    last = len(means) - 1
    if below > last:
        return 1.0
    if below == 0:
        return 0.0
    start, end = means[below - 1], means[below]
    return float((below - 1 - start / (end - start)) / last)


def _resampled_means(values: np.ndarray, seed: int) -> np.ndarray:
    """Means of RESAMPLES samples, drawn with replacement. Works in blocks, so that it needs little memory."""
    generator = np.random.default_rng(seed)
    block = max(1, min(RESAMPLES, _MOST_CELLS // len(values)))
    sizes = [min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block)]
    return np.concatenate([values[generator.integers(len(values), size=(s, len(values)))].mean(axis=1) for s in sizes])


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided exact sign test: the probability of counts this uneven if both models were equal. Ties are left out."""
    n = wins + losses
    if not n:
        return None
    # The distribution is symmetric, because each side wins with probability 1/2: double one tail.
    ways = fewest = 1
    for count in range(min(wins, losses)):
        ways = ways * (n - count) // (count + 1)
        fewest += ways
    tails: float = 2 * fewest / 2**n
    return min(1.0, tails)


def smallest_detectable(differences: Sequence[float] | np.ndarray) -> float:
    """The mean difference that a test with this many questions and this spread detects with 80 % power."""
    n = len(differences)
    return smallest_detectable_of(float(np.std(differences, ddof=1)), n)


def smallest_detectable_of(spread: float, n: int) -> float:
    """The smallest detectable difference of a statistic of `n` questions whose standard error is `spread` / √n."""
    return detectable(spread, n - 1) / math.sqrt(n)


def unless_zero(smallest: float) -> float | None:
    """The smallest detectable difference; None where all differences are the same, so that the spread is not known."""
    return smallest if smallest > _EQUAL else None


def detectable(error: float, degrees: float) -> float:
    """The smallest detectable difference of a statistic with this standard error and these degrees of freedom."""
    return (quantile(degrees, (1 + CONFIDENCE) / 2) + quantile(degrees, POWER)) * error


def units_to_decide(comparison: PairedDifference, comparisons: int = 1) -> int | None:
    """How many independent questions, or groups as large as today's, would decide with 80 % power.

    The mean difference is taken to stay the same, and to vary as the interval that decides says. None: no number would
    decide. `comparisons` are those that the p-value is corrected for.
    """
    if not comparison.mean or comparison.interval is None:
        return None
    low, high = comparison.interval
    error = (high - low) / 2 / quantile(comparison.units - 1, (1 + CONFIDENCE) / 2)
    # Few different gains, or one large group, can make the interval of today's questions narrow by chance.
    usual = comparison.standard_error if comparison.groups is None else comparison.expected_error
    error = max(error, usual or 0.0)
    return units_needed(comparison.mean, error, comparison.units, comparisons)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation. None for fewer than three pairs, or where one side has equal values only."""
    if len(one) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Sequence[float]) -> np.ndarray:
    """Ranks from 1. Equal values get the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: np.ndarray = (ends - (counts - 1) / 2)[places]
    return shared
