"""Positions of the small bars: scale and direction."""

import pytest

from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.report import TimelineEvent
from tuner.reporting.page.svg import SCALE, interval_bar, timeline_bars, win_shares


def measure(low: float, high: float, better: str = "higher") -> MeasureScores:
    return MeasureScores.model_validate(
        {"better": better, "difference": (low + high) / 2, "comparison": {"interval": (low, high)}}
    )


@pytest.mark.parametrize(
    ("low", "high", "better", "kind"),
    [(1, 2, "higher", "better"), (1, 2, "lower", "worse"), (-2, -1, "lower", "better"), (-1, 2, "higher", "undecided")],
)
def test_right_of_the_middle_is_better(low: float, high: float, better: str, kind: str) -> None:
    drawn = interval_bar(measure(low, high, better))
    assert drawn
    assert drawn.bar.kind == kind
    assert (drawn.mean > SCALE / 2) == (kind != "worse")
    assert drawn.bar.x <= drawn.mean <= drawn.bar.x + drawn.bar.width


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e9])
def test_an_interval_stays_on_the_scale(value: float) -> None:
    drawn = interval_bar(measure(-value, value))
    assert drawn
    assert 0 <= drawn.bar.x <= drawn.bar.x + drawn.bar.width <= SCALE


def test_there_is_no_bar_without_an_interval() -> None:
    assert interval_bar(MeasureScores(difference=1.0)) is None


def test_shares_fill_the_scale() -> None:
    bars = win_shares(MeasureScores.model_validate({"comparison": {"wins": 6, "ties": 1, "losses": 1}}))
    assert [(bar.x, bar.width) for bar in bars] == [(0, 750), (750, 125), (875, 125)]


def test_shares_are_zero_without_questions() -> None:
    assert [bar.width for bar in win_shares(MeasureScores())] == [0, 0, 0]


def test_an_endpoint_without_an_end_lasts_until_the_report() -> None:
    events = (
        TimelineEvent(name="Run started", started_at="2026-01-01T00:00:00Z"),
        TimelineEvent(name="Endpoint is paid for", started_at="2026-01-01T00:30:00Z", paid=True),
    )
    (_, point), (_, paid) = timeline_bars(events, "2026-01-01T01:00:00Z")
    assert (point.x, point.kind) == (0, "point")
    assert (paid.x, paid.width, paid.kind) == (500, 500, "paid")


def test_two_intervals_of_one_measure_share_a_scale() -> None:
    near, far = measure(1, 2), measure(4, 8)
    wide, narrow = interval_bar(far, near), interval_bar(near, far)
    assert wide and narrow
    assert narrow.mean - SCALE / 2 == pytest.approx((wide.mean - SCALE / 2) / 4, abs=0.2)
    assert interval_bar(near, MeasureScores(difference=1.0)) == interval_bar(near)
