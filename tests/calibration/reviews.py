"""Reviews by people of a random sample: what corrects the judge, beside the judge alone and the sample alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.calibration.designs import Generator
from tests.calibration.simulation import Interval, Rates, rates
from tuner.evaluation.review.sampling import draw_sample
from tuner.evaluation.statistics.comparison import CONFIDENCE, compare, detectable
from tuner.evaluation.statistics.groups import Groups
from tuner.evaluation.statistics.prediction_powered import Labelled, corrected_mean

QUESTIONS = 200
LABELS = (60, 100, 150)
_PILOTS = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """Differences of one comparison: the judge's and people's, which questions are flagged, and their groups."""

    judged: np.ndarray
    people: np.ndarray
    flagged: np.ndarray
    groups: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """`draw` makes one comparison for a true difference, of which people score `labels` questions."""

    name: str
    draw: Callable[[Generator, float], Judged]
    labels: int


@dataclass(frozen=True, slots=True)
class ReviewCalibration:
    """The rates of the corrected interval, of the judge's and of people's, for models that differ by `effect`."""

    review: Review
    effect: float
    corrected: Rates
    judge: Rates
    people: Rates


def favouring(generator: Generator, effect: float) -> Judged:
    """A judge that favours the tuned answers, by 1.25 points on average."""
    people = _whole(generator.normal(effect, 2, size=QUESTIONS), generator)
    wrong = generator.random(QUESTIONS) < 0.15
    judged = people + generator.choice([0.0, 0.0, 1.0, 1.0, 2.0], QUESTIONS) + 3 * wrong
    return Judged(judged, people, _flagged(wrong, generator))


def noisy(generator: Generator, effect: float, groups: int = QUESTIONS) -> Judged:
    """A judge whose errors are large and without a direction. Half of the variance is that of the question's group."""
    size = QUESTIONS // groups
    shared = np.repeat(generator.normal(size=groups), size)
    people = _whole(effect + 2 * (shared + generator.normal(size=QUESTIONS)) / 2**0.5, generator)
    errors = generator.normal(0, 2, size=QUESTIONS)
    names = None if groups == QUESTIONS else np.repeat(np.arange(groups), size)
    return Judged(_whole(people + errors, generator), people, _flagged(np.abs(errors) > 3, generator), names)


def rarely_wrong(generator: Generator, effect: float) -> Judged:
    """A judge that is right, but prefers the tuned answer by 6 points in one of 20 questions."""
    people = _whole(generator.normal(effect, 2, size=QUESTIONS), generator)
    wrong = generator.random(QUESTIONS) < 0.05
    return Judged(people + 6 * wrong, people, _flagged(wrong, generator))


def _whole(values: np.ndarray, generator: Generator) -> np.ndarray:
    """Rounded up or down at random, which keeps the mean."""
    rounded: np.ndarray = np.floor(values + generator.random(len(values)))
    return rounded


def _flagged(wrong: np.ndarray, generator: Generator) -> np.ndarray:
    """Wrong grades are flagged more often than others."""
    flagged: np.ndarray = (wrong & (generator.random(len(wrong)) < 0.6)) | (generator.random(len(wrong)) < 0.1)
    return flagged


REVIEWS = tuple(
    Review(f"{name}, {labels} of {QUESTIONS} scored", draw, labels)
    for name, draw in (
        ("judge favours tuned answers", favouring),
        ("judge makes large errors", noisy),
        ("judge makes rare errors", rarely_wrong),
        ("large errors, 25 groups of 8", partial(noisy, groups=25)),
    )
    for labels in LABELS
)


def calibrate_review(review: Review, simulations: int, seed: int = 1) -> ReviewCalibration:
    """The rates of a review. The true difference is the one that the corrected comparison finds with 80 % power."""
    generator = np.random.default_rng(seed)
    effect = float(np.median([_detectable(review, generator, number) for number in range(_PILOTS)]))
    equal = [_intervals(review, generator, 0.0, number) for number in range(simulations)]
    different = [_intervals(review, generator, effect, number) for number in range(simulations)]
    found = (rates([each[side] for each in equal], [each[side] for each in different], effect) for side in range(3))
    return ReviewCalibration(review, effect, *found)


def _detectable(review: Review, generator: Generator, seed: int) -> float:
    found = corrected_mean(_labelled(review.draw(generator, 0.0), review.labels, seed))
    return detectable(found.standard_error, found.degrees)


def _intervals(review: Review, generator: Generator, effect: float, seed: int) -> tuple[Interval | None, ...]:
    drawn = review.draw(generator, effect)
    values = _labelled(drawn, review.labels, seed)
    names = None if drawn.groups is None else drawn.groups.tolist()
    judge = compare([0.0] * QUESTIONS, drawn.judged.tolist(), seed, names).interval
    # With the weight 0, the judge is ignored: what is left is the mean of the sample.
    people = corrected_mean(values, [0.0] * len(values.members)).interval(CONFIDENCE)
    return corrected_mean(values).interval(CONFIDENCE), judge, people


def _labelled(drawn: Judged, labels: int, seed: int) -> Labelled:
    """The comparison with people's scores of a sample, which is drawn as `tuner review export --random` does."""
    keys = [str(number) for number in range(QUESTIONS)]
    flagged = {key for key, is_flagged in zip(keys, drawn.flagged, strict=True) if is_flagged}
    sheet = draw_sample(keys, flagged, labels, seed)
    scored = np.array([key in sheet.first for key in keys])
    groups = None if drawn.groups is None else Groups.of(drawn.groups.tolist())
    strata = drawn.flagged.astype(int)
    return Labelled(drawn.judged, np.where(scored, drawn.people, np.nan), strata, groups)
