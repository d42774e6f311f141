"""Calculates the positions of small SVG bars on a scale from 0 to 1000: intervals, wins and losses, the timeline.

The templates draw them as SVG rectangles. Charts with axes are in charts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.report import TimelineEvent

SCALE = 1000
# A narrower bar would not be visible.
_THINNEST = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on the scale. `kind` is its CSS class."""

    x: float
    width: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with its interval. Zero is in the middle; to the right, the tuned model is better."""

    bar: Bar
    mean: float


def interval_bar(measure: MeasureScores, beside: MeasureScores | None = None) -> Interval | None:
    """The difference by one measure, on a symmetric scale of its own. None without an interval.

    `beside` is the same measure compared with another run. The two are drawn one above the other, on the same scale.
    """
    bounds = measure.comparison.interval
    if bounds is None or measure.difference is None:
        return None
    # Mirrored where a lower value is better, so that the right side is always better.
    sign = -1 if measure.better == "lower" else 1
    low, high = sorted(bound * sign for bound in bounds)
    reach = max(_reach(measure), _reach(beside)) or 1.0
    kind = "better" if low > 0 else "worse" if high < 0 else "undecided"
    start, end = _place(low, reach), _place(high, reach)
    return Interval(_bar(start, end, kind), _place(measure.difference * sign, reach))


def _reach(measure: MeasureScores | None) -> float:
    """The largest distance of the interval from zero, with a margin of 10 %."""
    if measure is None or measure.comparison.interval is None or measure.difference is None:
        return 0.0
    return 1.1 * max(abs(bound) for bound in (*measure.comparison.interval, measure.difference))


def win_shares(measure: MeasureScores) -> tuple[Bar, ...]:
    """Wins, ties and losses as shares of all questions, in this order."""
    counts = (("win", measure.comparison.wins), ("tie", measure.comparison.ties), ("loss", measure.comparison.losses))
    whole = sum(count for _, count in counts)
    bars, x = [], 0.0
    for kind, count in counts:
        width = SCALE * count / whole if whole else 0.0
        bars.append(Bar(round(x, 1), round(width, 1), kind))
        x += width
    return tuple(bars)


def timeline_bars(events: Sequence[TimelineEvent], ended_at: str) -> tuple[tuple[TimelineEvent, Bar], ...]:
    """The events of the timeline on the scale of the run. An event without an end is a point."""
    if not events:
        return ()
    start = min(_seconds(event.started_at) for event in events)
    end = max(_seconds(time) for event in events for time in (event.started_at, event.ended_at or ended_at))
    length = (end - start) or 1.0

    def place(time: str) -> float:
        return SCALE * (_seconds(time) - start) / length

    def bar(event: TimelineEvent) -> Bar:
        last = event.ended_at or (ended_at if event.paid else event.started_at)
        return _bar(place(event.started_at), place(last), _kind(event))

    return tuple((event, bar(event)) for event in events)


def _kind(event: TimelineEvent) -> str:
    return "paid" if event.paid else "stretch" if event.ended_at else "point"


def _bar(start: float, end: float, kind: str) -> Bar:
    width = max(end - start, _THINNEST)
    return Bar(round(min(start, SCALE - width), 1), round(width, 1), kind)


def _place(value: float, reach: float) -> float:
    return round(SCALE * (value / reach + 1) / 2, 1)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
