"""How far raters agree beyond chance: Cohen's kappa of two, Krippendorff's alpha of any number.

Two raters who both give mostly 8 and 9 agree often without looking at the same thing. Both coefficients are 0 for the
agreement that chance gives, and 1 for full agreement. Scores from 1 to 10 are numbers, so a disagreement counts with
its square: kappa has quadratic weights (Cohen, 1968), alpha the interval metric (Krippendorff, "Content Analysis").

Both depend on sums over the questions only, which makes their bootstrap fast. It draws questions, not answers: the two
answers to one question are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tuner.evaluation.statistics.comparison import CONFIDENCE

_RESAMPLES = 2_000
# Fewer questions give no usable interval.
FEWEST_QUESTIONS = 6
# Sums that differ by less than this share are equal: the rest is rounding error.
_EQUAL = 1e-12


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient with its 95 % interval, which a few questions do not have. None: all scores are equal."""

    value: float | None
    interval: tuple[float, float] | None


def weighted_kappa(
    questions: Sequence[Sequence[tuple[float, float]]], weights: Sequence[float] | None = None, seed: int = 0
) -> Coefficient:
    """Cohen's kappa of two raters, with quadratic weights.

    Each question has the pairs of scores of its answers. `weights` says for how many questions each of them stands.
    """
    sums = np.array([_pair_sums(pairs) for pairs in questions])
    if weights is not None:
        sums = sums * np.asarray(weights, dtype=float)[:, None]
    return _coefficient(sums, _kappa, seed)


def _pair_sums(pairs: Sequence[tuple[float, float]]) -> np.ndarray:
    values = np.asarray(pairs, dtype=float).reshape(-1, 2)
    one, other = values[:, 0], values[:, 1]
    return np.array([len(values), one.sum(), other.sum(), (one**2).sum(), (other**2).sum(), (one * other).sum()])


def _kappa(sums: np.ndarray) -> np.ndarray:
    """Kappa is 1 minus the mean square difference, divided by that of independent raters with the same scores."""
    count, one, other, one_squared, other_squared, product = sums.T
    observed = (one_squared + other_squared - 2 * product) / count
    expected = (one_squared + other_squared) / count - 2 * one * other / count**2
    return _one_minus(observed, expected, (one_squared + other_squared) / count)


def alpha(questions: Sequence[Sequence[Sequence[float]]], seed: int = 0) -> Coefficient:
    """Krippendorff's alpha, with the interval metric. Each question has its answers, each of them all its scores.

    An answer with one score only says nothing about agreement, and is left out.
    """
    sums = np.array([np.sum([_unit_sums(scores) for scores in answers], axis=0) for answers in questions])
    return _coefficient(sums, _alpha, seed)


def _unit_sums(scores: Sequence[float]) -> np.ndarray:
    """How many scores an answer has, their sum, that of their squares, and the square differences within the answer."""
    values = np.asarray(scores, dtype=float)
    count = len(values)
    if count < 2:
        return np.zeros(4)
    within = 2 * (count * (values**2).sum() - values.sum() ** 2) / (count - 1)
    return np.array([count, values.sum(), (values**2).sum(), within])


def _alpha(sums: np.ndarray) -> np.ndarray:
    count, total, squares, within = sums.T
    observed = within / count
    expected = 2 * (count * squares - total**2) / (count * (count - 1))
    return _one_minus(observed, expected, squares / count)


def _one_minus(observed: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """NaN where no disagreement was possible, because all scores are equal."""
    possible = expected > _EQUAL * scale
    return np.where(possible, 1 - observed / np.where(possible, expected, 1.0), np.nan)


def _coefficient(sums: np.ndarray, value_of: Callable[[np.ndarray], np.ndarray], seed: int) -> Coefficient:
    used = sums[sums[:, 0] > 0] if len(sums) else sums
    value = float(value_of(used.sum(axis=0, keepdims=True))[0]) if len(used) else float("nan")
    if np.isnan(value):
        return Coefficient(None, None)
    if len(used) < FEWEST_QUESTIONS:
        return Coefficient(value, None)
    drawn = np.random.default_rng(seed).multinomial(len(used), np.full(len(used), 1 / len(used)), size=_RESAMPLES)
    values = value_of(drawn @ used)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return Coefficient(value, (float(low), float(high)))
