"""How far raters agree beyond chance: Cohen's kappa of two, Krippendorff's alpha of any number.

Two raters who both give mostly 8 and 9 agree often without looking at the same thing. Both coefficients are 0 for the
agreement that chance gives, and 1 for full agreement. A large disagreement counts more: kappa has quadratic weights
(Cohen, 1968), alpha the ordinal metric (Krippendorff, "Content Analysis"). Scores from 1 to 10 are an order. Whether 9
is as far from 10 as 2 is from 3 depends on the rater, so alpha counts how many scores are between two.

Both depend on sums over the questions only, which makes their bootstrap fast. It draws questions, not answers: the two
answers to one question are not independent. Of related questions, it draws whole groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tuner.evaluation.statistics.comparison import CONFIDENCE
from tuner.evaluation.statistics.groups import Groups

_RESAMPLES = 2_000
# The most sums that are computed at once.
_MOST_CELLS = 1_000_000
# Fewer questions, or groups of them, give no usable interval.
FEWEST_QUESTIONS = 6
# Sums that differ by less than this share are equal: the rest is rounding error.
_EQUAL = 1e-12
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient with its 95 % interval, which a few questions do not have. None: all scores are equal."""

    value: float | None
    interval: tuple[float, float] | None


def weighted_kappa(
    questions: Sequence[Sequence[tuple[float, float]]],
    weights: Sequence[float] | None = None,
    seed: int = 0,
    names: Sequence[Hashable] | None = None,
) -> Coefficient:
    """Cohen's kappa of two raters, with quadratic weights.

    Each question has the pairs of scores of its answers. `weights` says for how many questions each of them stands,
    `names` has the names of the questions' groups.
    """
    sums = np.array([_pair_sums(pairs) for pairs in questions])
    if weights is not None:
        sums = sums * np.asarray(weights, dtype=float)[:, None]
    return _coefficient(sums, _kappa, seed, names)


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


def alpha(
    questions: Sequence[Sequence[Sequence[float]]], seed: int = 0, names: Sequence[Hashable] | None = None
) -> Coefficient:
    """Krippendorff's alpha, with the ordinal metric. Each question has its answers, each of them all its scores.

    An answer with one score only says nothing about agreement, and is left out. `names` has the names of the questions'
    groups.
    """
    values = sorted({float(score) for answers in questions for scores in answers for score in scores})
    ranks = {value: rank for rank, value in enumerate(values)}
    sums = np.array([_coincidences(answers, ranks) for answers in questions])
    return _coefficient(sums, partial(_alpha, size=len(values)), seed, names)


def _coincidences(answers: Sequence[Sequence[float]], ranks: Mapping[float, int]) -> np.ndarray:
    """The coincidence matrix of a question's answers (Krippendorff), flattened, after its sum: 1 + scores^2 numbers.

    A cell counts how often two raters gave these two scores to the same answer. An answer with m scores has m (m - 1)
    ordered pairs, each with weight 1 / (m - 1), so that it counts m in all.
    """
    together = np.zeros((len(ranks), len(ranks)))
    for scores in answers:
        if len(scores) > 1:
            counts = np.bincount([ranks[float(score)] for score in scores], minlength=len(ranks)).astype(float)
            together += (np.outer(counts, counts) - np.diag(counts)) / (len(scores) - 1)
    return np.concatenate([[together.sum()], together.ravel()])


def _alpha(sums: np.ndarray, size: int) -> np.ndarray:
    """Krippendorff's alpha of each row of sums. `size` is the number of different scores.

    The ordinal metric: the distance of two scores is the number of given scores between them, half of the two included.
    """
    together = sums[:, 1:].reshape(len(sums), size, size)
    given, count = together.sum(axis=2), sums[:, 0]
    ranks = given.cumsum(axis=1) - given / 2
    squares = (ranks[:, :, None] - ranks[:, None, :]) ** 2
    observed = (together * squares).sum(axis=(1, 2))
    expected = (given[:, :, None] * given[:, None, :] * squares).sum(axis=(1, 2)) / (count - 1)
    return _one_minus(observed, expected, count**3)


def _one_minus(observed: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """NaN where no disagreement was possible, because all scores are equal."""
    possible = expected > _EQUAL * scale
    # Rounding error must not make an agreement of 0 one that is less than chance.
    return np.where(possible, np.round(1 - observed / np.where(possible, expected, 1.0), _DIGITS), np.nan)


def _by_group(sums: np.ndarray, names: Sequence[Hashable] | None) -> np.ndarray:
    """The sums of each group of questions."""
    groups = Groups.of(names)
    if groups is None:
        return sums
    found = np.zeros((groups.count, sums.shape[1]))
    np.add.at(found, groups.numbers, sums)
    return found


def _coefficient(
    sums: np.ndarray, value_of: Callable[[np.ndarray], np.ndarray], seed: int, names: Sequence[Hashable] | None
) -> Coefficient:
    sums = _by_group(sums, names)
    used = sums[sums[:, 0] > 0] if len(sums) else sums
    value = float(value_of(used.sum(axis=0, keepdims=True))[0]) if len(used) else float("nan")
    if np.isnan(value):
        return Coefficient(None, None)
    if len(used) < FEWEST_QUESTIONS:
        return Coefficient(value, None)
    drawn = np.random.default_rng(seed).multinomial(len(used), np.full(len(used), 1 / len(used)), size=_RESAMPLES)
    # In blocks, so that many different scores need little memory.
    blocks = np.array_split(drawn, math.ceil(_RESAMPLES * used.shape[1] / _MOST_CELLS))
    values = np.concatenate([value_of(block @ used) for block in blocks])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return Coefficient(value, (float(low), float(high)))
