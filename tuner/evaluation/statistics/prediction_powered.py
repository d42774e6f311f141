"""Corrects a judge's mean difference with people's labels of a random sample: prediction-powered inference.

A judge grades every question, people label a sample. The judge's mean has little variance and may be wrong. People's
mean is right and varies more. Prediction-powered inference takes the judge's mean and adds the judge's mean error in
the sample. The result has no bias, however wrong the judge is, and the better the judge, the narrower the interval.
PPI++ (Angelopoulos, Duchi and Zrnic, arXiv 2311.01453) also weighs the judge, so that a useless one is ignored.

The sample is stratified, and the probability of being drawn differs between the strata. So each stratum is estimated by
itself and counts by its share of the questions, which is weighting by the inverse probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuner.evaluation.statistics.groups import Groups
from tuner.evaluation.statistics.students_t import quantile

# The fewest labelled questions to decide by. With fewer, the interval covers the true difference too rarely where the
# judge is right on most questions and far off on some. Its rare errors are then not in the sample. See
# docs/evaluation.md.
FEWEST_LABELS = 30
# A variance needs two values.
_FEWEST_OF_STRATUM = 2


@dataclass(frozen=True, slots=True)
class Labelled:
    """One value for each question: the judge's, people's (NaN where they gave none), and the number of its stratum.

    `groups` has the related questions; None if every question is independent. A judge without a value
    (NaN) gets the mean of its other values: it then says nothing about the question.
    """

    judged: np.ndarray
    labels: np.ndarray
    strata: np.ndarray
    groups: Groups | None = None

    def __post_init__(self) -> None:
        known = self.judged[~np.isnan(self.judged)]
        filled = np.where(np.isnan(self.judged), known.mean() if len(known) else 0.0, self.judged)
        object.__setattr__(self, "judged", filled)

    @property
    def is_labelled(self) -> np.ndarray:
        """Whether people labelled the question."""
        labelled: np.ndarray = ~np.isnan(self.labels)
        return labelled

    @property
    def members(self) -> list[np.ndarray]:
        """The questions of each stratum, as masks."""
        return [self.strata == number for number in np.unique(self.strata)]

    @property
    def can_be_estimated(self) -> bool:
        """Whether each stratum has enough labels for a variance, or labels of all its questions."""
        counts = [(int((each & self.is_labelled).sum()), int(each.sum())) for each in self.members]
        return all(labels >= min(_FEWEST_OF_STRATUM, size) for labels, size in counts)


@dataclass(frozen=True, slots=True)
class CorrectedMean:
    """A corrected mean. `weights` are the judge's by stratum, `degrees` those of Student's distribution."""

    mean: float
    standard_error: float
    degrees: float
    weights: tuple[float, ...]

    def interval(self, confidence: float) -> tuple[float, float]:
        """The confidence interval."""
        reach = quantile(self.degrees, (1 + confidence) / 2) * self.standard_error
        return self.mean - reach, self.mean + reach


def corrected_mean(values: Labelled, weights: Sequence[float] | None = None) -> CorrectedMean:
    """The judge's mean, corrected with the labels. `weights` are the judge's by stratum; without them, the best ones.

    Needs `values.can_be_estimated`.
    """
    used = tuple(weights if weights is not None else best_weights(values))
    means = np.empty(len(used))
    # What each question adds to the estimate beyond its expectation: the variance is the sum of their squares.
    influence = np.zeros(len(values.labels))
    variances, degrees = [], []
    for number, (of_stratum, weight) in enumerate(zip(values.members, used, strict=True)):
        share = of_stratum.sum() / len(of_stratum)
        sampled, others = of_stratum & values.is_labelled, of_stratum & ~values.is_labelled
        errors, rest = values.labels[sampled] - weight * values.judged[sampled], weight * values.judged[others]
        means[number] = errors.mean() + (rest.mean() if len(rest) else 0.0)
        for chosen, numbers in ((sampled, errors), (others, rest)):
            if len(numbers) > 1:
                influence[chosen] = share * (numbers - numbers.mean()) / math.sqrt(len(numbers) * (len(numbers) - 1))
                variances.append(float((influence[chosen] ** 2).sum()))
                degrees.append(len(numbers) - 1)
    shares = np.array([of_stratum.mean() for of_stratum in values.members])
    mean = float(shares @ means)
    # Other questions of the same kind would also have other shares of the strata.
    for of_stratum, found in zip(values.members, means, strict=True):
        influence[of_stratum] += (found - mean) / len(influence)
    variance, freedom = _variance(influence, values.groups)
    return CorrectedMean(mean, math.sqrt(variance), min(freedom, _satterthwaite(variances, degrees)), used)


def best_weights(values: Labelled) -> tuple[float, ...]:
    """The judge's weight in each stratum that makes the variance smallest, from 0 to 1 (PPI++, "power tuning").

    The regression of people's values on the judge's is common to the strata, because a stratum can have few labels. It
    is multiplied by the share of the stratum without a label: where people labelled everything, no judge is needed.
    """
    explained = spread = 0.0
    unlabelled = []
    for of_stratum in values.members:
        sampled = of_stratum & values.is_labelled
        count, size = int(sampled.sum()), int(of_stratum.sum())
        left = 1 - count / size
        unlabelled.append(left)
        if count and size > 1:
            labels, judged = values.labels[sampled], values.judged[sampled]
            factor = (size / len(values.labels)) ** 2 * left / count
            explained += factor * float(((labels - labels.mean()) * (judged - judged.mean())).mean())
            spread += factor * float(np.var(values.judged[of_stratum], ddof=1))
    slope = explained / spread if spread else 0.0
    return tuple(min(1.0, max(0.0, slope * left)) for left in unlabelled)


def _variance(influence: np.ndarray, groups: Groups | None) -> tuple[float, float]:
    """The variance of the estimate, and the most degrees of freedom. Questions of one group vary together."""
    if groups is None:
        return float((influence**2).sum()), len(influence) - 1
    return (groups.standard_error(influence * len(influence)) or 0.0) ** 2, groups.degrees


def _satterthwaite(variances: Sequence[float], degrees: Sequence[int]) -> float:
    """The degrees of freedom of a sum of independent variances (Satterthwaite, 1946)."""
    squares = sum(variance**2 / freedom for variance, freedom in zip(variances, degrees, strict=True))
    return max(1.0, sum(variances) ** 2 / squares) if squares else max(degrees, default=1)
