"""The preference at equal length: what is left of it when longer answers are not preferred for their length.

Judges prefer longer answers (Dubois and others, "Length-Controlled AlpacaEval", arXiv 2404.04475, 2024). As there, the
chance that the tuned answer is preferred is a logistic function of the difference in length. The difference is divided
by its standard deviation and bounded by tanh. The adjusted value is the prediction for a difference of zero.

The function is fitted with the penalty of Firth ("Bias Reduction of Maximum Likelihood Estimates", Biometrika 80,
1993). The usual fit is biased where questions are few, and has no finite estimate where one model always wins. The
penalty helps in both cases (Heinze and Schemper, "A Solution to the Problem of Separation in Logistic Regression",
Statistics in Medicine 21, 2002). A tie is half a preference (Papke and Wooldridge, "Econometric Methods for Fractional
Response Variables", Journal of Applied Econometrics 11, 1996). The intercept has the cluster-robust variance of Liang
and Zeger ("Longitudinal Data Analysis Using Generalized Linear Models", Biometrika 73, 1986) with the usual correction
for few groups, and Student's distribution. Its interval becomes one of the preference by the logistic function.

What is adjusted for is not only the judge's taste: a longer answer can be better because it says more. So the raw
preference decides, and the report shows this one too.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from tuner.artifacts.evaluation.measure_scores import EqualLength
from tuner.evaluation.statistics.comparison import CONFIDENCE, FEWEST
from tuner.evaluation.statistics.groups import interval_of_mean, p_of_mean

# Intercept and slope.
_COEFFICIENTS = 2
_EQUAL = 1e-10
_MOST_STEPS, _LONGEST_STEP = 100, 2.0
_LARGEST_CONDITION = 1e12


def at_equal_length(gains: Sequence[float], longer: Sequence[float], names: Sequence[Hashable]) -> EqualLength | None:
    """The mean gain (tuned minus base) of the questions for a difference in length of zero.

    `longer` has by how many characters the tuned answers are longer, `names` the names of the questions' groups. None
    where that cannot be estimated: too few questions or groups, no difference in length, or equal length is too far
    from the lengths that were seen.
    """
    values, lengths = np.asarray(gains, dtype=float), np.asarray(longer, dtype=float)
    numbers = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)[1]
    count = len(set(numbers.tolist()))
    if count < FEWEST or not (spread := float(np.std(lengths))) > 0:
        return None
    bounded = np.tanh(lengths / spread)
    if _is_far_from_zero(bounded):
        return None
    rows = np.column_stack([np.ones(len(values)), bounded])
    preferred = (values + 1) / 2
    fitted = _fitted(rows, preferred)
    if fitted is None:
        return None
    (intercept, slope), bread = fitted
    residuals = preferred - _logistic(rows @ np.array([intercept, slope]))
    sums = np.array([np.bincount(numbers, weights=column * residuals, minlength=count) for column in rows.T])
    few = count / (count - 1) * (len(values) - 1) / (len(values) - _COEFFICIENTS)
    error = float(np.sqrt(max(0.0, few * (bread @ sums @ sums.T @ bread)[0, 0])))
    low, high = interval_of_mean(float(intercept), error, count - _COEFFICIENTS, CONFIDENCE)
    # How much the mean gain changes with the logarithm of the odds.
    steepness = (1 - _gain(intercept) ** 2) / 2
    return EqualLength(
        n=len(values),
        groups=count if count < len(values) else None,
        difference=_gain(intercept),
        standard_error=steepness * error,
        interval=(_gain(low), _gain(high)),
        p=p_of_mean(float(intercept), error, count - _COEFFICIENTS, count),
        slope=steepness * float(slope),
        mean_longer=float(lengths.mean()),
        extrapolated=bool((lengths > 0).all() or (lengths < 0).all()),
    )


def _is_far_from_zero(lengths: np.ndarray) -> bool:
    """Whether zero is farther from the nearest value than the values are from each other.

    Then nearly the same difference in length is in every question: the curve's value at zero can be anything.
    """
    return bool(np.abs(lengths).min() > np.ptp(lengths))


def _fitted(rows: np.ndarray, preferred: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The coefficients with Firth's penalty, and the inverse of their information; None if they are not found.

    The penalty adds half of its leverage to each question, as a preference for either answer.
    """
    found = np.zeros(rows.shape[1])
    for _ in range(_MOST_STEPS):
        chances = _logistic(rows @ found)
        weights = chances * (1 - chances)
        information = rows.T @ (rows * weights[:, None])
        if np.linalg.cond(information) > _LARGEST_CONDITION:
            return None
        inverse = np.linalg.inv(information)
        leverage = weights * np.einsum("ij,jk,ik->i", rows, inverse, rows)
        step = inverse @ rows.T @ (preferred - chances + leverage * (0.5 - chances))
        found += step / max(1.0, float(np.abs(step).max()) / _LONGEST_STEP)
        if float(np.abs(step).max()) < _EQUAL:
            return found, inverse
    return None


def _logistic(log_odds: np.ndarray) -> np.ndarray:
    chances: np.ndarray = (1 + np.tanh(log_odds / 2)) / 2
    return chances


def _gain(log_odds: float) -> float:
    """The mean gain, from -1 to 1, for these odds of a preference for the tuned answer."""
    return math.tanh(log_odds / 2)
