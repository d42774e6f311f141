"""Intervals of the difference of two shares: of the questions that the tuned and the base model pass.

The questions are the same for both, so the interval depends on the questions that only one of them passes. If there are
few, a bootstrap is too narrow, and has no width if there are none.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_REACH = _NORMAL.inv_cdf(0.975)
# Halving so often finds the end of an interval to the last digit of a float.
_HALVINGS = 60


# A 95 % interval and its p-value.
Found = tuple[tuple[float, float], float]


def adjusted_interval(wins: int, losses: int, questions: int) -> Found:
    """The 95 % interval of (wins - losses) / questions, and its p-value.

    Agresti and Min, "Simple Improved Confidence Intervals for Comparing Matched Proportions", Statistics in Medicine 24
    (2005): half a question is added to wins and losses each, and one to the others.
    """
    size, won, lost = questions + 2, wins + 0.5, losses + 0.5
    middle = (won - lost) / size
    error = math.sqrt(won + lost - (won - lost) ** 2 / size) / size
    p = 2 * (1 - _NORMAL.cdf(abs(middle) / error))
    return (max(-1.0, middle - _REACH * error), min(1.0, middle + _REACH * error)), p


def score_interval(wins: int, losses: int, questions: int) -> Found:
    """The same by the score test, which is McNemar's for a difference of zero.

    Tango, "Equivalence Test and Confidence Interval for the Difference in Proportions for the Paired-Sample Design",
    Statistics in Medicine 17 (1998). It is made for tests of non-inferiority: if the tuned model passes fewer questions
    by the margin, and passes none that the base model does not, the interval above is inside the margin too often.
    """
    differing = wins + losses
    p = 2 * (1 - _NORMAL.cdf(abs(wins - losses) / math.sqrt(differing))) if differing else 1.0
    return (-_end(losses, wins, questions), _end(wins, losses, questions)), p


def _end(wins: int, losses: int, questions: int) -> float:
    """The difference above the estimate from which the score statistic is 1.96 away."""
    inside, outside = (wins - losses) / questions, 1.0
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if _score(wins, losses, questions, middle) > -_REACH:
            inside = middle
        else:
            outside = middle
    return inside


def _score(wins: int, losses: int, questions: int, difference: float) -> float:
    """How many standard errors the estimate is above this difference, if it is the true one."""
    linear = (2 * questions - wins + losses) * difference - wins - losses
    constant = -losses * difference * (1 - difference)
    # The most likely share of losses, if the share of wins is larger by `difference`: the root of a quadratic equation.
    share = (math.sqrt(linear**2 - 8 * questions * constant) - linear) / (4 * questions)
    variance = questions * (2 * share + difference * (1 - difference))
    distance = wins - losses - questions * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)
