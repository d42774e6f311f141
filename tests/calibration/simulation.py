"""Compares simulated models many times, and counts how often the comparison is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tests.calibration.designs import Design, Draw, Generator
from tuner.evaluation.judging.length import at_equal_length
from tuner.evaluation.statistics.comparison import PairedDifference, compare, detectable

Interval = tuple[float, float]
_PILOTS = 100
_DRAWS_OF_TRUTH = 20_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of comparisons: equal models called different, intervals with the true difference, differences found.

    A comparison that has too few questions for an interval finds nothing, and its interval is taken to have the truth.
    """

    alarms: float
    covered: float
    found: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The rates of the product, and those of the plain paired interval, for models that differ by `effect`."""

    effect: float
    ours: Rates
    plain: Rates


def difference(draw: Draw, seed: int = 0) -> PairedDifference:
    """What the product says: of preferences with a length, at equal length."""
    if draw.longer is not None:
        adjusted = at_equal_length((draw.tuned - draw.base).tolist(), draw.longer.tolist(), range(len(draw.base)))
        assert adjusted is not None
        members = adjusted.model_dump(include={"n", "standard_error", "interval", "p"})
        reach = detectable(adjusted.standard_error, adjusted.n - 2)
        return PairedDifference(**members, mean=adjusted.difference, smallest_detectable=reach)
    groups = None if draw.groups is None else draw.groups.tolist()
    return compare(draw.base.tolist(), draw.tuned.tolist(), seed, groups)


def plain(draw: Draw) -> Interval:
    """The paired interval of textbooks: Student's, over the questions."""
    gains = draw.tuned - draw.base
    reach = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / len(gains) ** 0.5
    return float(gains.mean() - reach), float(gains.mean() + reach)


def calibrate(design: Design, simulations: int, seed: int = 1) -> Calibration:
    """The rates of a design. The true difference is the one that the product says it detects with 80 % power."""
    generator = np.random.default_rng(seed)
    pilots = [difference(design.draw(generator, 0.0)).smallest_detectable for _ in range(_PILOTS)]
    effect = float(np.median([pilot for pilot in pilots if pilot is not None]))
    equal = [_intervals(design.draw(generator, 0.0), number) for number in range(simulations)]
    different = [_intervals(design.draw(generator, effect), number) for number in range(simulations)]
    truth = true_difference(design, generator, effect)
    ours, paired = (rates([each[side] for each in equal], [each[side] for each in different], truth) for side in (0, 1))
    return Calibration(truth, ours, paired)


def true_difference(design: Design, generator: Generator, effect: float) -> float:
    """The mean difference of all questions that could be asked."""
    target = design.target or design.draw
    draws = [target(generator, effect) for _ in range(_DRAWS_OF_TRUTH)]
    return float(np.mean([np.mean(draw.tuned - draw.base) for draw in draws]))


def _intervals(draw: Draw, seed: int) -> tuple[Interval | None, Interval]:
    return difference(draw, seed).interval, plain(draw)


def rates(equal: Sequence[Interval | None], different: Sequence[Interval | None], truth: float) -> Rates:
    """The rates from the intervals of equal models and of models that differ by `truth`."""
    return Rates(
        alarms=share(not _has(interval, 0.0) for interval in equal),
        covered=share(_has(interval, truth) for interval in different),
        found=share(not _has(interval, 0.0) for interval in different),
    )


def share(outcomes: Iterable[bool]) -> float:
    """The share of the outcomes that are true."""
    return float(np.mean(list(outcomes)))


def _has(interval: Interval | None, value: float) -> bool:
    return interval is None or interval[0] <= value <= interval[1]
