"""Places of small drawings on a scale from 0 to 1000: intervals, shares of wins, stretches of the run.

The templates draw them as SVG rectangles; charts with axes are in charts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tuner.artifacts.report import Moment
from tuner.artifacts.scores import MeasureScores

SCALE = 1000
# Shorter bars would not be seen.
_THINNEST = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the scale."""

    x: float
    width: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with its interval; zero is in the middle, and more to the right is better for the tuned model."""

    bar: Bar
    mean: float


def interval(metric: MeasureScores, beside: MeasureScores | None = None) -> Interval | None:
    """The metric's difference, on a scale of its own that is as wide to both sides; None without an interval.

    `beside` is the same metric compared with something else: drawn one above the other, both have one scale.
    """
    bounds = metric.comparison.interval
    if bounds is None or metric.difference is None:
        return None
    sign = -1 if metric.better == "lower" else 1
    low, high = sorted(bound * sign for bound in bounds)
    reach = max(_reach(metric), _reach(beside)) or 1.0
    kind = "better" if low > 0 else "worse" if high < 0 else "undecided"
    start, end = _place(low, reach), _place(high, reach)
    return Interval(_bar(start, end, kind), _place(metric.difference * sign, reach))


def _reach(metric: MeasureScores | None) -> float:
    """How far from zero the metric's difference goes, with a margin."""
    if metric is None or metric.comparison.interval is None or metric.difference is None:
        return 0.0
    return 1.1 * max(abs(bound) for bound in (*metric.comparison.interval, metric.difference))


def shares(metric: MeasureScores) -> tuple[Bar, ...]:
    """Wins, ties and losses as parts of the whole, in this order."""
    counts = (("win", metric.comparison.wins), ("tie", metric.comparison.ties), ("loss", metric.comparison.losses))
    whole = sum(count for _, count in counts)
    bars, x = [], 0.0
    for kind, count in counts:
        width = SCALE * count / whole if whole else 0.0
        bars.append(Bar(round(x, 1), round(width, 1), kind))
        x += width
    return tuple(bars)


def stretches(moments: Sequence[Moment], ended_at: str) -> tuple[tuple[Moment, Bar], ...]:
    """The moments on the run's own scale; one without an end is a point."""
    if not moments:
        return ()
    start = min(_seconds(moment.started_at) for moment in moments)
    end = max(_seconds(time) for moment in moments for time in (moment.started_at, moment.ended_at or ended_at))
    length = (end - start) or 1.0

    def place(time: str) -> float:
        return SCALE * (_seconds(time) - start) / length

    def bar(moment: Moment) -> Bar:
        last = moment.ended_at or (ended_at if moment.paid else moment.started_at)
        return _bar(place(moment.started_at), place(last), _kind(moment))

    return tuple((moment, bar(moment)) for moment in moments)


def _kind(moment: Moment) -> str:
    return "paid" if moment.paid else "stretch" if moment.ended_at else "point"


def _bar(start: float, end: float, kind: str) -> Bar:
    width = max(end - start, _THINNEST)
    return Bar(round(min(start, SCALE - width), 1), round(width, 1), kind)


def _place(value: float, reach: float) -> float:
    return round(SCALE * (value / reach + 1) / 2, 1)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
