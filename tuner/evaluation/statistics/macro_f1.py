"""Macro F1 of two models on the same questions, and the interval of its difference.

The F1 of a label is the harmonic mean of its precision and recall; macro F1 is the mean over the labels that the
references have. This is scikit-learn's `f1_score(references, answers, labels=sorted(set(references)),
average="macro", zero_division=0)`. The labels are the references' and not also the answers', so that both models are
measured over the same labels, whatever they answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from tuner.evaluation.statistics.comparison import (
    CONFIDENCE,
    FEWEST,
    RESAMPLES,
    PairedDifference,
    detectable,
    expanded_percentiles,
    smallest_detectable_of,
    unless_zero,
    with_looks,
)
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.groups import Groups, p_of_mean

# What a model answered: a label, any other text, or None for no answer.
Answered = str | None
# The most counts that are resampled at once: it bounds the memory.
_MOST_CELLS = 20_000_000
_EQUAL = 1e-9


def macro_f1(expected: Sequence[str], answered: Sequence[Answered]) -> float | None:
    """The macro F1; None without a question."""
    if not expected:
        return None
    cells = Counter(zip(expected, answered, strict=True))
    counts = np.fromiter(cells.values(), dtype=float)[None, :]
    return float(_macro_f1(list(cells), counts, sorted(set(expected)))[0])


def compare_macro_f1(
    expected: Sequence[str],
    base: Sequence[Answered],
    tuned: Sequence[Answered],
    seed: int = 0,
    names: Sequence[Hashable] | None = None,
    looks: Looks | None = None,
) -> tuple[PairedDifference, float | None, float | None]:
    """The difference of tuned and base, and the standard error of each model's macro F1.

    `names` has the group of each question. If questions are related, whole groups are drawn. `looks` is the plan of an
    evaluation that may stop early; None for any other.

    The interval comes from a paired bootstrap: questions are drawn with replacement, each with both answers, and the
    difference is computed anew. Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 6 and 13;
    Berg-Kirkpatrick et al., "An Empirical Investigation of Statistical Significance in NLP" (2012), section 2, for
    paired systems and F1. The percentiles are expanded as for means, see `bootstrap`.
    """
    values = macro_f1(expected, base), macro_f1(expected, tuned)
    if values[0] is None or values[1] is None:
        return PairedDifference(n=0, mean=None), None, None
    mean, n = values[1] - values[0], len(expected)
    mean = 0.0 if abs(mean) < _EQUAL else mean
    groups = Groups.of(names)
    known = PairedDifference(n=n, mean=mean, groups=groups and groups.count)
    if known.units < FEWEST:
        return known, None, None
    labels = (expected, base, tuned)
    drawn = _resampled(*labels, _samples(*labels, seed) if groups is None else _samples_of(groups, *labels, seed))
    differences = drawn[1] - drawn[0]
    differences[np.abs(differences) < _EQUAL] = 0.0
    error = float(np.std(differences, ddof=1))
    degrees = n - 1 if groups is None else groups.degrees
    confidence = CONFIDENCE if looks is None else looks.confidence
    far = p_of_mean(mean, error, degrees, known.units)
    interval, p = expanded_percentiles(differences, known.units, far, degrees, confidence)
    smallest = smallest_detectable_of(error * math.sqrt(n), n) if groups is None else detectable(error, degrees)
    members = {"standard_error": error, "interval": interval, "p": p, "smallest_detectable": unless_zero(smallest)}
    difference = known.model_copy(update=members)
    difference = difference if looks is None else with_looks(difference, looks, degrees)
    return difference, float(np.std(drawn[0], ddof=1)), float(np.std(drawn[1], ddof=1))


def _cells(
    expected: Sequence[str], base: Sequence[Answered], tuned: Sequence[Answered]
) -> Counter[tuple[str, Answered, Answered]]:
    """The questions with the same three labels are one cell: how many there are of each."""
    return Counter(zip(expected, base, tuned, strict=True))


def _samples(
    expected: Sequence[str], base: Sequence[Answered], tuned: Sequence[Answered], seed: int
) -> Iterator[np.ndarray]:
    """The counts of the cells in RESAMPLES samples of the questions."""
    # The counts of the cells in a sample of n questions, drawn with replacement, have a multinomial distribution, which
    # is faster to draw than the questions themselves.
    cells = _cells(expected, base, tuned)
    generator = np.random.default_rng(seed)
    shares = np.fromiter(cells.values(), dtype=float) / len(expected)
    for size in _blocks(max(len(cells), len(set(expected)))):
        yield generator.multinomial(len(expected), shares, size=size).astype(float)


def _samples_of(
    groups: Groups, expected: Sequence[str], base: Sequence[Answered], tuned: Sequence[Answered], seed: int
) -> Iterator[np.ndarray]:
    """The same for samples of whole groups."""
    cells = {cell: number for number, cell in enumerate(_cells(expected, base, tuned))}
    counts = np.zeros((groups.count, len(cells)))
    for group, cell in zip(groups.numbers, zip(expected, base, tuned, strict=True), strict=True):
        counts[group, cells[cell]] += 1
    generator = np.random.default_rng(seed)
    for size in _blocks(max(len(cells), groups.count, len(set(expected)))):
        drawn = generator.multinomial(groups.count, np.full(groups.count, 1 / groups.count), size=size)
        yield drawn.astype(float) @ counts


def _blocks(cells: int) -> Iterator[int]:
    """How many samples are drawn at once, until there are RESAMPLES."""
    block = max(1, min(RESAMPLES, _MOST_CELLS // cells))
    yield from (min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block))


def _resampled(
    expected: Sequence[str],
    base: Sequence[Answered],
    tuned: Sequence[Answered],
    samples: Iterator[np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """The macro F1 of both models on samples of the questions, which have a column for each cell."""
    cells, labels = _cells(expected, base, tuned), sorted(set(expected))
    pairs = [(meant, said) for meant, said, _ in cells], [(meant, said) for meant, _, said in cells]
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for counts in samples:
        for values, pair in zip(found, pairs, strict=True):
            values.append(_macro_f1(pair, counts, labels))
    return np.concatenate(found[0]), np.concatenate(found[1])


def _macro_f1(cells: Sequence[tuple[str, Answered]], counts: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The macro F1 of each row of `counts`, which has a column for each cell (reference, answer)."""
    total, measured = np.zeros(len(counts)), np.zeros(len(counts))
    for label in labels:
        meant = np.array([reference == label for reference, _ in cells], dtype=float)
        said = np.array([answer == label for _, answer in cells], dtype=float)
        support = counts @ meant
        # 2 TP / (2 TP + FP + FN): the denominator is 0 only where the label is neither meant nor said.
        both = support + counts @ said
        f1 = np.divide(2 * (counts @ (meant * said)), both, out=np.zeros(len(counts)), where=both > 0)
        # A label that a sample does not have is left out of its mean, as it would be with these questions alone.
        total += np.where(support > 0, f1, 0.0)
        measured += support > 0
    return total / measured
