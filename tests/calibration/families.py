"""Several comparisons with the same questions: repeated looks, and the best of several models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.calibration.simulation import share
from tuner.evaluation.statistics.comparison import PairedDifference, compare
from tuner.evaluation.statistics.slices import holm

_LOOKS = (20, 40, 60, 80, 100)
_MODELS = (3, 7, 15)


@dataclass(frozen=True, slots=True)
class Family:
    """How often equal models are called different in several comparisons, and in the first of them alone."""

    name: str
    alarms: float
    first_alone: float
    note: str


def _peeking(simulations: int, seed: int) -> list[Family]:
    """A comparison that is looked at after each 20 questions, until it shows something."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(simulations):
        gains = generator.normal(size=_LOOKS[-1])
        found.append([compare([0.0] * n, gains[:n].tolist(), number).differs for n in _LOOKS])
    note = "set the number of questions before the run, and do not add some again and again until it decides"
    return [Family("5 looks at a growing set, until one decides", share(map(any, found)), _first(found), note)]


def _worn(simulations: int, seed: int) -> list[Family]:
    """Models that are tuned one after the other, each compared with the base model on the same 40 questions."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(simulations):
        grades = _grades(generator, _MODELS[-1] + 1, 40)
        found.append([_is_better(_compared(grades[0], model, number)) for model in grades[1:]])
    note = "the report counts how often a set decided, and says when it was used too often"
    return [
        Family(
            f"{count} models on one set: is any called better?",
            share(any(each[:count]) for each in found),
            _first(found),
            note,
        )
        for count in _MODELS
    ]


def _best_of_earlier(simulations: int, seed: int, count: int = 5) -> list[Family]:
    """A model that is compared with the best of several earlier ones on the same questions."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(simulations):
        grades = _grades(generator, count + 1, 40)
        best = max(grades[:-1], key=np.mean)
        found.append([_compared(one, grades[-1], number).differs for one in (best, grades[0])])
    note = "the best of several looks better than it is, so an equal model looks worse: the report says so"
    picked = share(pair[0] for pair in found)
    return [Family(f"a model against the best of {count} earlier ones", picked, share(pair[1] for pair in found), note)]


def _slices(simulations: int, seed: int, count: int = 5) -> list[Family]:
    """The topics of an evaluation set, of 12 questions each: with Holm's correction, and without it."""
    generator = np.random.default_rng(seed)
    corrected, plain, first = [], [], []
    for number in range(simulations):
        gains = generator.normal(size=(count, 12))
        found = [compare([0.0] * 12, each.tolist(), number) for each in gains]
        plain.append(any(each.differs for each in found))
        first.append(found[0].differs)
        corrected.append(min(holm([each.p or 1.0 for each in found])) < 0.05)
    note = f"Holm's correction is applied; without it, {100 * share(plain):.1f} %"
    return [Family(f"{count} slices: is any called different?", share(corrected), share(first), note)]


def _one_different(simulations: int, seed: int, count: int = 4) -> list[Family]:
    """Slices of 24 questions, of which only the first differs: how often any of the others is called different."""
    generator = np.random.default_rng(seed)
    others, plain, first, power = [], [], [], []
    for number in range(simulations):
        gains = generator.normal(size=(count, 24)) + np.array([[1.0], *[[0.0]] * (count - 1)])
        found = [compare([0.0] * 24, each.tolist(), number) for each in gains]
        corrected = [p < 0.05 for p in holm([each.p or 1.0 for each in found])]
        others.append(any(corrected[1:]))
        plain.append(any(each.differs for each in found[1:]))
        first.append(found[1].differs)
        power.append(corrected[0])
    note = (
        f"Holm's correction is applied; without it, {100 * share(plain):.1f} %. The slice that differs by one standard "
        f"deviation is found in {100 * share(power):.1f} %"
    )
    return [Family(f"{count} slices, one differs: is another called different?", share(others), share(first), note)]


def _grades(generator: np.random.Generator, models: int, questions: int) -> np.ndarray:
    """Grades of models of the same quality, which share the difficulty of each question."""
    return generator.normal(5.5, 1.5, size=questions) + generator.normal(0, 1.2, size=(models, questions))


def _compared(base: np.ndarray, tuned: np.ndarray, seed: int) -> PairedDifference:
    return compare(base.tolist(), tuned.tolist(), seed)


def _is_better(found: PairedDifference) -> bool:
    return found.differs and (found.mean or 0) > 0


def _first(found: list[list[bool]]) -> float:
    return share(each[0] for each in found)


FAMILIES: dict[str, Callable[[int, int], list[Family]]] = {
    "looks": _peeking,
    "worn": _worn,
    "best": _best_of_earlier,
    "slices": _slices,
    "one different": _one_different,
}


def calibrate_family(name: str, simulations: int, seed: int = 3) -> list[Family]:
    """The rows of a family. Every model has the same quality."""
    return FAMILIES[name](simulations, seed)
