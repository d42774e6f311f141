"""Evaluations that may stop early: how often they are wrong, and how many questions they ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.calibration.designs import UNEQUAL, Draw, Generator, graded, heavy_tailed, preferred, related, skewed, tied
from tests.calibration.simulation import Interval, share
from tuner.artifacts.dataset import DatasetSummary, QuestionGroups
from tuner.evaluation.gate.batches import batches, questions_of_a_batch
from tuner.evaluation.statistics.comparison import PairedDifference, compare
from tuner.evaluation.statistics.early_stopping import FEWEST_TO_STOP, Looks

_PILOTS = 50
_DRAWS_OF_TRUTH = 5_000
# The deployment's default.
_SHARD_SIZE = 25


@dataclass(frozen=True, slots=True)
class Stopped:
    """The rates of a design for equal models, and for models that differ by twice the detectable difference.

    `asked` are the shares of the questions that are asked, `missed` the intervals without the true difference,
    `peeking` the false alarms of the usual interval at the same looks.
    """

    name: str
    alarms: float
    peeking: float
    missed: float
    found: float
    asked: float
    asked_if_equal: float


def _in_groups(generator: Generator, effect: float, sizes: tuple[int, ...], correlation: float) -> Draw:
    """Groups of these sizes in random order, with gains of whole numbers: some are ties."""
    drawn = related(generator, 0.0, tuple(generator.permutation(sizes).tolist()), correlation)
    # Rounding up or down at random keeps the true difference what it is.
    gains = np.floor(2 * drawn.tuned + effect + generator.random(len(drawn.tuned)))
    return Draw(drawn.base, gains, drawn.groups)


DESIGNS: dict[str, Callable[[Generator, float], Draw]] = {
    "40 questions, graded from 1 to 10": partial(graded, n=40),
    "100 questions, graded from 1 to 10": partial(graded, n=100),
    "200 questions, graded from 1 to 10": partial(graded, n=200),
    "100 questions, four of five tied": partial(tied, n=100),
    "100 questions, heavy tails": partial(heavy_tailed, n=100),
    "60 questions, skewed": partial(skewed, n=60),
    "100 questions, judge's preference": partial(preferred, n=100, orders=2),
    "25 groups of 4, correlation 0.7": partial(_in_groups, sizes=(4,) * 25, correlation=0.7),
    "50 groups of 4, correlation 0.7": partial(_in_groups, sizes=(4,) * 50, correlation=0.7),
    "40 groups of 1 to 10, correlation 0.5": partial(_in_groups, sizes=UNEQUAL * 4, correlation=0.5),
    "a group of 30 and 29 of 2, correlation 0.5": partial(_in_groups, sizes=(30,) + (2,) * 29, correlation=0.5),
}


def calibrate_stopping(name: str, simulations: int, seed: int = 4) -> Stopped:
    """The rates of a design."""
    draw, generator = DESIGNS[name], np.random.default_rng(seed)
    pilots = [_compared(draw(generator, 0.0), None).smallest_detectable for _ in range(_PILOTS)]
    effect = 2 * float(np.median([pilot for pilot in pilots if pilot is not None]))
    truth = float(np.mean([np.mean(each.tuned - each.base) for each in _draws(draw, generator, effect)]))
    equal = [draw(generator, 0.0) for _ in range(simulations)]
    of_equal = [_run(each) for each in equal]
    of_different = [_run(draw(generator, effect)) for _ in range(simulations)]
    return Stopped(
        name,
        alarms=share(_misses(interval, 0.0) for interval, _ in of_equal),
        peeking=share(any(_misses(interval, 0.0) for interval in _usual_looks(each)) for each in equal),
        missed=share(_misses(interval, truth) for interval, _ in of_different),
        found=share(_misses(interval, 0.0) for interval, _ in of_different),
        asked=float(np.mean([asked for _, asked in of_different])),
        asked_if_equal=float(np.mean([asked for _, asked in of_equal])),
    )


def _draws(draw: Callable[[Generator, float], Draw], generator: Generator, effect: float) -> list[Draw]:
    return [draw(generator, effect) for _ in range(_DRAWS_OF_TRUTH)]


def _run(draw: Draw) -> tuple[Interval | None, float]:
    """The interval that a run ends with, and the share of the questions that it asks: with the batches of a run."""
    questions, units = len(draw.base), _units(draw)
    for asked in _looks(draw):
        found = _compared(_first(draw, asked), Looks(units, complete=False))
        if found.differs:
            return found.interval, asked / questions
    return _compared(draw, Looks(units, complete=True)).interval, 1.0


def _looks(draw: Draw) -> list[int]:
    """How many questions were asked at each look. There is none after the last batch."""
    questions = len(draw.base)
    groups = QuestionGroups(by="field", questions=questions, groups=_units(draw)) if draw.groups is not None else None
    summary = DatasetSummary(training_records=0, validation_records=0, evaluation_records=questions, groups=groups)
    size = min(_SHARD_SIZE, questions_of_a_batch(questions))
    return [(batch[-1] + 1) * size for batch in batches(summary, size, FEWEST_TO_STOP)[:-1]]


def _usual_looks(draw: Draw) -> list[Interval | None]:
    """The usual interval at each look, by Student's distribution: the bootstrap takes longer, and is no wider."""
    first = [_first(draw, asked) for asked in (*_looks(draw), len(draw.base))]
    return [_student(each) for each in first]


def _student(draw: Draw) -> Interval | None:
    if draw.groups is not None:
        return _compared(draw, None).interval
    gains = draw.tuned - draw.base
    reach = 2 * gains.std(ddof=1) / len(gains) ** 0.5
    return float(gains.mean() - reach), float(gains.mean() + reach)


def _first(draw: Draw, asked: int) -> Draw:
    return Draw(draw.base[:asked], draw.tuned[:asked], None if draw.groups is None else draw.groups[:asked])


def _units(draw: Draw) -> int:
    return len(draw.base) if draw.groups is None else len(set(draw.groups.tolist()))


def _compared(draw: Draw, looks: Looks | None) -> PairedDifference:
    groups = None if draw.groups is None else draw.groups.tolist()
    return compare(draw.base.tolist(), draw.tuned.tolist(), 0, groups, looks)


def _misses(interval: Interval | None, value: float) -> bool:
    return interval is not None and not interval[0] <= value <= interval[1]
