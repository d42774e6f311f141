"""How good one contestant is beside another, by the interval of their difference.

A run has several such comparisons, and recommends by any of them that a contestant is as good as the best one. So the
interval is wider than the 95 % interval of the table. Of k comparisons, its lower end leaves out 5 % / k, and 2.5 % at
most (Bonferroni; Dmitrienko and D'Agostino, Statistics in Medicine 32, 2013). So at most one time in twenty, any
contestant is called as good that is worse by the margin. tests/unit/reporting/advice/test_error_rate.py simulates that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.evaluation.statistics.students_t import quantile
from tuner.reporting.formatting import interval_limits

Quality = Literal["best", "better", "as_good", "worse", "undecided"]
# The error of all comparisons together, and the tail of the 95 % interval of each one.
_ERRORS, _TAIL = 0.05, 0.025


@dataclass(frozen=True, slots=True)
class QualityComparison:
    """A contestant beside another one. `low` and `high`: the interval of its gain, positive where it is better."""

    quality: Quality
    low: float | None = None
    high: float | None = None

    @property
    def limits(self) -> str:
        """The interval of its gain in parentheses; empty where it is not known."""
        return (
            "" if self.low is None or self.high is None else f" ({interval_limits((self.low, self.high), signed=True)})"
        )

    @property
    def within(self) -> float | None:
        """How far the interval reaches from zero."""
        return None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))

    def mirrored(self, margin: float | None) -> QualityComparison:
        """The other one beside this one."""
        ends = (None, None) if self.low is None or self.high is None else (-self.high, -self.low)
        if self.quality in ("better", "worse"):
            return QualityComparison("worse" if self.quality == "better" else "better", *ends)
        return QualityComparison(as_good_or_undecided(ends[0], margin), *ends)


def as_good_or_undecided(low: float | None, margin: float | None) -> Quality:
    """Of a contestant that is neither shown to be better nor to be worse: whether `low` excludes the margin."""
    return "as_good" if low is not None and margin is not None and low > -margin else "undecided"


def quality_beside(
    scores: MeasureScores, value: VerdictValue | None, margin: float | None, comparisons: int
) -> QualityComparison:
    """The second one of a comparison beside the first one, of which `value` says whether it is better.

    `comparisons` is the number of comparisons. A difference that is shown keeps its 95 % interval: its p-value is
    corrected already.
    """
    if scores.is_mostly_missing:
        return QualityComparison("undecided")
    known: Quality = "worse" if value == "better" else "better" if value == "worse" else "undecided"
    interval = corrected_interval(scores, comparisons) if known == "undecided" else scores.comparison.interval
    if interval is None:
        return QualityComparison(known)
    low, high = interval
    # The comparison is the first one minus the second; a gain of the second one is positive here.
    low, high = (-high, -low) if scores.better == "higher" else (low, high)
    return QualityComparison(as_good_or_undecided(low, margin) if known == "undecided" else known, low, high)


def corrected_interval(scores: MeasureScores, comparisons: int) -> tuple[float, float] | None:
    """The interval of the difference, wide enough for so many comparisons. None if it is not known.

    The 95 % interval is widened around the difference, by the ratio of Student's quantiles. An interval without a width
    says nothing about other questions: the share of them that may differ has the largest gain or loss.
    """
    found, difference = scores.comparison, scores.difference
    if found.interval is None or difference is None:
        return None
    tail = min(_TAIL, _ERRORS / max(1, comparisons))
    if share := found.share_that_may_differ(tail):
        if scores.range is None:
            return None
        width = scores.range[1] - scores.range[0]
        return (1 - share) * difference - share * width, (1 - share) * difference + share * width
    degrees = (found.groups or found.n) - 1
    factor = quantile(degrees, 1 - tail) / quantile(degrees, 1 - _TAIL)
    low, high = found.interval
    return difference - factor * (difference - low), difference + factor * (high - difference)
