"""The designs of the calibration: how the questions of a simulated comparison are related, and what disturbs it.

A design draws the grades of both models for a true difference of the means. The judge grades from 1 to 10 in most of
them; only where a closed form is of interest, the gains are drawn directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

Generator = np.random.Generator
# The sizes of ten groups, of one large group beside 30 independent questions, and of 15 groups.
UNEQUAL = (1, 1, 2, 2, 3, 4, 5, 6, 8, 10)
ONE_LARGE = (30, *(1,) * 30)
SPREAD = (3, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 22, 26, 30)


@dataclass(frozen=True, slots=True)
class Draw:
    """Grades of both models for the same questions, and the names of the questions' groups.

    `longer` is by how much the tuned answers are longer: then preferences are compared at equal length.
    """

    base: np.ndarray
    tuned: np.ndarray
    groups: np.ndarray | None = None
    longer: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """`draw` makes one comparison for a true difference. `note` says what a reader must know about the result.

    `target` draws the grades that should decide, where the design disturbs them.
    """

    name: str
    draw: Callable[[Generator, float], Draw]
    note: str = ""
    target: Callable[[Generator, float], Draw] | None = None


def graded(generator: Generator, effect: float, n: int) -> Draw:
    """A judge's whole grades from 1 to 10. Questions are of different difficulty, which both models share."""
    difficulty = generator.normal(5.5, 1.5, size=n)
    own = generator.normal(0, 1.2, size=(2, n))
    # Rounding up or down at random keeps the true difference what it is.
    scores = np.floor(difficulty + own + np.array([[0.0], [effect]]) + generator.random((2, n)))
    return Draw(*np.clip(scores, 1, 10))


def near_the_floor(generator: Generator, effect: float, n: int) -> Draw:
    """Grades of hard questions: many answers of both models get the lowest grade."""
    own = generator.normal(2, 1.5, size=n) + generator.normal(0, 1.5, size=(2, n))
    better = np.array([[0.0], [1.4 * effect]])  # then the grades differ by about `effect`
    return Draw(*np.clip(np.floor(own + better + generator.random((2, n))), 1, 10))


def of_three_judges(generator: Generator, effect: float, n: int) -> Draw:
    """The mean grades of three judges, whose errors have a correlation of 0.6."""
    quality = generator.normal(5.5, 1.5, size=n) + generator.normal(size=(2, n)) + np.array([[0.0], [effect]])
    errors = 1.5 * (0.6**0.5 * generator.normal(size=(2, 1, n)) + 0.4**0.5 * generator.normal(size=(2, 3, n)))
    grades = np.clip(np.floor(quality[:, None] + errors + generator.random((2, 3, n))), 1, 10)
    return Draw(*grades.mean(axis=1))


def repeated(generator: Generator, effect: float, n: int) -> Draw:
    """Questions that were asked 1, 2, 3 or 8 times: the gain of a question is the mean of its answers' gains."""
    times = generator.choice([1, 2, 3, 8], size=n)
    return Draw(np.zeros(n), generator.normal(effect, 1, size=n) + 2 * generator.normal(size=n) / times**0.5)


def related(
    generator: Generator, effect: float, sizes: tuple[int, ...], correlation: float, are_skewed: bool = False
) -> Draw:
    """Gains with a correlation within the groups."""

    def standard(count: int) -> np.ndarray:
        return generator.exponential(size=count) - 1 if are_skewed else generator.normal(size=count)

    shared = np.repeat(standard(len(sizes)), sizes) * correlation**0.5
    gains = shared + standard(sum(sizes)) * (1 - correlation) ** 0.5
    return Draw(np.zeros(sum(sizes)), gains + effect, np.repeat(np.arange(len(sizes)), sizes))


def nested(generator: Generator, effect: float, by_document: bool) -> Draw:
    """8 documents of 4 passages of 3 questions: 0.3 of the variance is the document's, and 0.3 the passage's."""
    documents, passages = np.repeat(np.arange(8), 12), np.repeat(np.arange(32), 3)
    shared = generator.normal(size=8)[documents] + generator.normal(size=32)[passages]
    gains = 0.3**0.5 * shared + 0.4**0.5 * generator.normal(size=96)
    return Draw(np.zeros(96), gains + effect, documents if by_document else passages)


def larger_gain_more(generator: Generator, effect: float, groups: int, by: float) -> Draw:
    """Groups of random sizes from 1 to 10. Each further question of a group makes all its gains larger by `by`."""
    pool = np.array(UNEQUAL)
    sizes = generator.choice(pool, size=groups)
    own = generator.normal(size=groups) * 0.4**0.5 + by * (sizes - (pool**2).sum() / pool.sum())
    gains = np.repeat(own, sizes) + generator.normal(size=sizes.sum()) * 0.6**0.5
    return Draw(np.zeros(len(gains)), gains + effect, np.repeat(np.arange(groups), sizes))


def tied(generator: Generator, effect: float, n: int, lost: float = 0.1) -> Draw:
    """Questions are lost by one point, as many are won, and the others tied. A better model wins some ties."""
    chances = np.array([lost, 1 - 2 * lost - effect, lost + effect])
    return Draw(np.zeros(n), generator.choice([-1.0, 0.0, 1.0], size=n, p=chances))


def heavy_tailed(generator: Generator, effect: float, n: int) -> Draw:
    """Gains with the tails of Student's distribution of 3 degrees of freedom: a few questions differ by a lot."""
    return Draw(np.zeros(n), generator.standard_t(3, size=n) + effect)


def skewed(generator: Generator, effect: float, n: int) -> Draw:
    """Gains that are small losses for most questions, and large wins for few."""
    return Draw(np.zeros(n), generator.exponential(size=n) - 1 + effect)


def very_skewed(generator: Generator, effect: float, n: int) -> Draw:
    """Log-normal gains: one question can count as much as all others."""
    return Draw(np.zeros(n), generator.lognormal(size=n) - np.exp(0.5) + effect)


def missing(generator: Generator, effect: float, n: int, of_bad_answers: bool) -> Draw:
    """Grades are missing, at random or more often for bad answers. Questions without both grades are left out."""
    drawn = graded(generator, effect, n)
    scores = np.array([drawn.base, drawn.tuned])
    chance = np.where(scores < 4, 0.6, 0.05) if of_bad_answers else np.full(scores.shape, 1 / 6)
    known = (generator.random(scores.shape) >= chance).all(axis=0)
    return Draw(drawn.base[known], drawn.tuned[known])


def by_length(generator: Generator, effect: float, n: int, longer: float) -> Draw:
    """A judge that gives half a point for each standard deviation of length. Tuned answers are longer by `longer`."""
    drawn = graded(generator, effect, n)
    lengths = generator.normal(size=(2, n)) + np.array([[0.0], [longer]])
    return Draw(drawn.base + 0.5 * lengths[0], drawn.tuned + 0.5 * lengths[1])


def preferred(generator: Generator, effect: float, n: int, orders: int) -> Draw:
    """A judge that prefers the first answer it sees, asked in one order (tuned first) or in both.

    In both orders, a preference counts only if it does not change.
    """
    better = generator.normal(1.6 * effect, 1, size=n)  # then the scores differ by about `effect`
    first = better + 0.5 + generator.normal(0, 0.5, size=n) > 0  # the tuned answer is shown first
    second = better - 0.5 + generator.normal(0, 0.5, size=n) > 0
    score = first.astype(float) if orders == 1 else (first.astype(float) + second) / 2
    return Draw(1 - score, score)


def preferred_by_length(generator: Generator, effect: float, n: int, longer: float, adjusted: bool) -> Draw:
    """A judge of pairs that takes a standard deviation of length for as much as half a one of quality."""
    quality = generator.normal(1.2 * effect, 1, size=n)  # then the preferences differ by about `effect`
    lengths = generator.normal(longer, 1, size=n)
    score = (quality + 0.5 * lengths > 0).astype(float)
    return Draw(1 - score, score, longer=lengths if adjusted else None)


def preferred_for_quality(generator: Generator, effect: float, n: int) -> Draw:
    """The same judge for answers of equal length."""
    score = (generator.normal(1.2 * effect, 1, size=n) > 0).astype(float)
    return Draw(1 - score, score)


INDEPENDENT = (
    Design("8 questions, graded from 1 to 10", partial(graded, n=8)),
    Design("40 questions, graded from 1 to 10", partial(graded, n=40)),
    Design("100 questions, graded from 1 to 10", partial(graded, n=100)),
    Design("40 questions, four of five tied", partial(tied, n=40)),
    Design("30 questions, heavy tails", partial(heavy_tailed, n=30)),
    Design("30 questions, skewed", partial(skewed, n=30), "few large wins: the mean of few questions is not normal"),
    Design("100 questions, right or wrong, one in ten not tied", partial(tied, n=100, lost=0.05)),
    Design("40 questions, grades near the lowest", partial(near_the_floor, n=40)),
    Design("40 questions, three judges with correlated errors", partial(of_three_judges, n=40)),
    Design("40 questions, 1 to 8 answers each", partial(repeated, n=40)),
    Design(
        "100 questions, log-normal gains",
        partial(very_skewed, n=100),
        "one question can count as much as all others, and often no such question is among 100",
    ),
    Design("48 questions, grades missing at random", partial(missing, n=48, of_bad_answers=False)),
    Design(
        "48 questions, grades missing for bad answers",
        partial(missing, n=48, of_bad_answers=True),
        "the questions that are left are easier than all questions",
        partial(graded, n=48),
    ),
)
RELATED = (
    Design("10 groups of 4, correlation 0.7", partial(related, sizes=(4,) * 10, correlation=0.7)),
    Design("6 groups of 8, correlation 0.3", partial(related, sizes=(8,) * 6, correlation=0.3)),
    Design("30 groups of 4, no correlation", partial(related, sizes=(4,) * 30, correlation=0.0)),
    Design("groups of 1 to 10, correlation 0.5", partial(related, sizes=UNEQUAL, correlation=0.5)),
    Design("one group of 30 and 30 questions, correlation 0.5", partial(related, sizes=ONE_LARGE, correlation=0.5)),
    Design(
        "20 questions and 3 groups of 10, correlation 0.7",
        partial(related, sizes=(*(1,) * 20, *(10,) * 3), correlation=0.7),
        "three large groups decide nearly alone",
    ),
    Design("15 groups of 3 to 30, correlation 0.4", partial(related, sizes=SPREAD, correlation=0.4)),
    Design(
        "15 groups of 3 to 30, correlation 0.4, skewed",
        partial(related, sizes=SPREAD, correlation=0.4, are_skewed=True),
        "few groups with rare large gains: their mean is not normal",
    ),
    Design(
        "one group of 90 and 10 questions, correlation 0.3", partial(related, sizes=(90, *(1,) * 10), correlation=0.3)
    ),
    Design("8 documents of 4 passages of 3 questions, by document", partial(nested, by_document=True)),
    Design(
        "8 documents of 4 passages of 3 questions, by passage",
        partial(nested, by_document=False),
        "passages of one document are related too: group by the field that has the larger units",
    ),
    Design(
        "12 groups of 1 to 10, the larger the more gain",
        partial(larger_gain_more, groups=12, by=0.2),
        "the mean depends on which sizes happen to be among 12 groups",
    ),
)
JUDGES = (
    Design("length counts, answers equally long", partial(by_length, n=40, longer=0.0)),
    Design(
        "length counts, tuned answers longer by one standard deviation",
        partial(by_length, n=40, longer=1.0),
        "no interval sees a bias of the judge: compare its grades with people's",
        partial(graded, n=40),
    ),
    Design(
        "longer answers preferred, tuned answers longer by one standard deviation",
        partial(preferred_by_length, n=80, longer=1.0, adjusted=False),
        "the raw preference takes length for quality",
        partial(preferred_for_quality, n=80),
    ),
    Design(
        "the same, adjusted to equal length",
        partial(preferred_by_length, n=80, longer=1.0, adjusted=True),
        target=partial(preferred_for_quality, n=80),
    ),
    Design(
        "the same, answers equally long, adjusted to equal length",
        partial(preferred_by_length, n=80, longer=0.0, adjusted=True),
        target=partial(preferred_for_quality, n=80),
    ),
    Design("first answer favoured, both orders asked", partial(preferred, n=40, orders=2)),
    Design(
        "first answer favoured, one order asked",
        partial(preferred, n=40, orders=1),
        "what asking in both orders avoids: the pipeline always asks in both",
        partial(preferred, n=40, orders=2),
    ),
)
