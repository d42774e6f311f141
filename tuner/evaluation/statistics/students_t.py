"""Quantiles of Student's t distribution, without SciPy, which would take half of a Lambda function's size limit.

For integer degrees of freedom, the distribution is a finite sum (Abramowitz and Stegun, 26.7.3 and 26.7.4), which
Newton's method inverts. For other degrees of freedom, which groups of different sizes have, it is an incomplete beta
function (26.7.1). For many degrees of freedom, the expansion around the normal distribution (26.7.5) is as exact.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

_NORMAL = NormalDist()
# Beyond these degrees of freedom the sum is long, and the expansion is used.
_MANY = 1_000


@cache
def quantile(degrees: float, probability: float) -> float:
    """The value that a t-distributed variable with `degrees` of freedom is below with this probability."""
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -quantile(degrees, 1 - probability)
    z = _NORMAL.inv_cdf(probability)
    if degrees > _MANY:
        return _expanded(z, degrees)
    # The distribution function is concave above 0, so Newton's steps from below never overshoot.
    t = min(z, math.tan(math.pi * (probability - 0.5)))
    for _ in range(100):
        step = (probability - distribution(degrees, t)) / _density(degrees, t)
        t += step
        if abs(step) < 1e-12 * t:
            break
    return t


def distribution(degrees: float, t: float) -> float:
    """The probability of a value below `t`."""
    if degrees != int(degrees):
        return _distribution_of_a_fraction(degrees, t)
    degrees = int(degrees)
    angle = math.atan(t / math.sqrt(degrees))
    square = math.cos(angle) ** 2
    odd = degrees % 2
    # 1 + 1/2 c² + 1·3/(2·4) c⁴ + … for an even number; 1 + 2/3 c² + 2·4/(3·5) c⁴ + … for an odd one
    term = total = 1.0
    for k in range(2 + odd, degrees - 1, 2):
        term *= square * (k - 1) / k
        total += term
    if not odd:
        return 0.5 + math.sin(angle) * total / 2
    within = angle + (math.sin(angle) * math.cos(angle) * total if degrees > 1 else 0.0)
    return 0.5 + within / math.pi


def _distribution_of_a_fraction(degrees: float, t: float) -> float:
    """The same for degrees of freedom between two integers."""
    # Both shares, because 1 - x would lose the digits of a small t.
    x, rest = degrees / (degrees + t * t), t * t / (degrees + t * t)
    tails = _incomplete_beta(degrees / 2, 0.5, x, rest)
    return 1 - tails / 2 if t > 0 else tails / 2


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8).

    `rest` is 1 - x.
    """
    if not (x > 0 and rest > 0):
        return float(x > 0)
    if x > (a + 1) / (a + b + 2):  # there, the fraction of the other tail converges faster
        return 1 - _incomplete_beta(b, a, rest, x)
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    # Lentz's method: the fraction is the product of the ratios of its numerators and denominators.
    numerator, denominator = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = denominator
    for m in range(1, 500):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            numerator, denominator = 1 + factor / numerator, 1 / (1 + factor * denominator)
            fraction *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-15:
            break
    return math.exp(log) * fraction / a


def _density(degrees: float, t: float) -> float:
    log = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2
    return math.exp(log - (degrees + 1) / 2 * math.log1p(t * t / degrees))


def _expanded(z: float, degrees: float) -> float:
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, 1))
