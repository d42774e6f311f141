"""The preference at equal length: what is left of it when longer answers are not preferred for their length.

Judges prefer longer answers (Dubois and others, "Length-Controlled AlpacaEval", arXiv 2404.04475, 2024). As there, the
preference is a function of the difference in length, divided by its standard deviation and bounded by tanh, and the
adjusted value is the prediction for a difference of zero. The function is linear here, and not logistic: a logistic one
has no finite estimate where one model always wins. Its intercept has the cluster-robust variance of Liang and Zeger
("Longitudinal Data Analysis Using Generalized Linear Models", Biometrika 73, 1986) with the usual correction for few
groups, and Student's distribution.

What is adjusted for is not only the judge's taste: a longer answer can be better because it says more. So the raw
preference decides, and this one stands beside it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from tuner.artifacts.evaluation.measure_scores import EqualLength
from tuner.evaluation.statistics.comparison import CONFIDENCE, FEWEST
from tuner.evaluation.statistics.groups import interval_of_mean
from tuner.evaluation.statistics.students_t import distribution

# Intercept and slope.
_COEFFICIENTS = 2
_EQUAL = 1e-12


def at_equal_length(gains: Sequence[float], longer: Sequence[float], names: Sequence[Hashable]) -> EqualLength | None:
    """The mean gain (tuned minus base) of the questions for a difference in length of zero.

    `longer` has by how many characters the tuned answers are longer, `names` the names of the questions' groups. None
    where that cannot be estimated: too few questions or groups, or no difference in length.
    """
    values, lengths = np.asarray(gains, dtype=float), np.asarray(longer, dtype=float)
    numbers = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)[1]
    count = len(set(numbers.tolist()))
    if count < FEWEST or not (spread := float(np.std(lengths))) > 0:
        return None
    rows = np.column_stack([np.ones(len(values)), np.tanh(lengths / spread)])
    inverse = np.linalg.pinv(rows.T @ rows)
    intercept, slope = inverse @ rows.T @ values
    residuals = values - rows @ np.array([intercept, slope])
    sums = np.array([np.bincount(numbers, weights=column * residuals, minlength=count) for column in rows.T])
    few = count / (count - 1) * (len(values) - 1) / (len(values) - _COEFFICIENTS)
    error = float(np.sqrt(max(0.0, few * (inverse @ sums @ sums.T @ inverse)[0, 0])))
    low, high = interval_of_mean(float(intercept), error, count - _COEFFICIENTS, CONFIDENCE)
    p = _p_value(float(intercept), error, count)
    return EqualLength(
        n=len(values),
        groups=count if count < len(values) else None,
        difference=float(intercept),
        standard_error=error,
        # The mean gain is between -1 and 1. A prediction by a line can be beyond.
        interval=(max(-1.0, low), min(1.0, high)),
        p=p,
        slope=float(slope),
        mean_longer=float(lengths.mean()),
        extrapolated=bool((lengths > 0).all() or (lengths < 0).all()),
    )


def _p_value(mean: float, error: float, count: int) -> float:
    """Below 0.05 where the interval excludes zero. Without any residual, all that is left is that all groups agree."""
    if abs(mean) < _EQUAL:
        return 1.0
    least: float = 2 * 0.5**count
    return max(least, 2 * distribution(count - _COEFFICIENTS, -abs(mean) / error)) if error > _EQUAL else least
