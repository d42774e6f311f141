"""Draws charts as inline SVG with pygal. The page's style sheet sets the colours, so the charts follow its theme."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, log10
from statistics import fmean
from typing import Any

import pygal
from markupsafe import Markup

from tuner.artifacts.costs.amounts import money
from tuner.artifacts.report import Report
from tuner.artifacts.report.break_even import BreakEven
from tuner.artifacts.training import TrainingSummary
from tuner.core.text_sanitizer import readable
from tuner.reporting.formatting import integer, number

Point = tuple[float, float]
Series = tuple[str, Sequence[Point]]

# A curve with more points is reduced to means of equal intervals, which keeps the page small.
_MOST_POINTS = 240
# The length of the x-axis when the lines do not cross.
_MONTHS_REQUESTS = 1_000_000
# The chart of quality against cost shows the cost of a month with this number of answers.
CHART_ANSWERS = 10_000
# Within this many hours, the x-axis shows hours and not only days.
_MOST_HOURS = 72
_DOTTED = {"training-epoch", "validation", "history-base", "history-tuned"}
# pygal adds a style sheet, scripts and tooltips to each chart. The page's content security policy blocks them.
_DROPPED_TAGS = {"defs", "desc", "title"}
# Coordinates are rounded to a tenth of a pixel, which keeps the page small.
_PLACES = {"d", "x", "y", "cx", "cy", "width", "height", "transform"}
_DROPPED_CLASSES = ("text-overlay", "tooltip-overlay", "background")


def loss_chart(training: TrainingSummary) -> Markup | None:
    """Training loss per step and per epoch, validation loss per epoch, and the best epoch. None without losses."""
    steps = [(entry.step, entry.training_loss) for entry in training.steps if entry.training_loss is not None]
    ends = _last_steps(training) if steps else {entry.epoch: entry.epoch for entry in training.epochs}
    epochs = [entry for entry in training.epochs if entry.epoch in ends]
    mean = [(ends[entry.epoch], entry.training_loss) for entry in epochs if entry.training_loss is not None]
    validation = [(ends[entry.epoch], entry.validation_loss) for entry in epochs if entry.validation_loss is not None]
    if not (steps or mean):
        return None
    series: list[Series] = [("training-step", _thinned(steps)), ("training-epoch", mean), ("validation", validation)]
    best = training.best_epoch
    if best is not None and best in ends and validation:
        losses = [loss for _, points in series for _, loss in points]
        at = ends[best]
        series.append(("best", [(at, min(losses)), (at, max(losses))]))
    return _lines([entry for entry in series if entry[1]], "Step" if steps else "Epoch", "Loss", "Loss curves")


def history_chart(
    base: Sequence[tuple[datetime, float]], tuned: Sequence[tuple[datetime, float]], label: str
) -> Markup:
    """Both models' means by one metric, run after run."""
    series: list[Series] = [
        ("history-base", [(when.timestamp(), mean) for when, mean in base]),
        ("history-tuned", [(when.timestamp(), mean) for when, mean in tuned]),
    ]
    times = [x for _, points in series for x, _ in points]
    pattern = "%Y-%m-%d" if max(times) - min(times) > _MOST_HOURS * 3600 else "%m-%d %H:%M"
    return _lines(series, "Run ended (UTC)", label, f"{label} by run", lambda x: _time(x, pattern))


@dataclass(frozen=True, slots=True)
class QualityPoint:
    """A contestant in the chart: its mean with its interval, and what a month costs."""

    title: str
    served: str
    mean: float
    interval: tuple[float, float] | None
    usd: float


def quality_points(report: Report) -> list[QualityPoint]:
    """The contestants whose mean and costs are known, each served in the way that costs least."""
    measure = report.scores.get(report.verdict.metric or "")
    found = []
    for use in report.contestants:
        sides = measure.by_contestant.get(use.name) if measure else None
        costs = [
            (line.fixed_usd + CHART_ANSWERS * line.request_usd, line.name)
            for line in report.monthly_costs
            if line.contestant == use.name and line.fixed_usd is not None and line.request_usd is not None
        ]
        usd, served = min(costs, default=(0.0, ""))
        if sides and sides.mean is not None and usd > 0:
            found.append(QualityPoint(use.title, served, sides.mean, sides.interval, usd))
    return found


def break_even_chart(found: BreakEven) -> Markup | None:
    """What a month costs by its requests: the base model with passages, and the way that costs less the soonest."""
    known = [way for way in found.ways if way.fixed_usd is not None and way.request_usd is not None]
    base = found.base
    if not known or base.fixed_usd is None or base.request_usd is None:
        return None
    best = min(known, key=lambda way: way.requests if way.requests is not None else float("inf"))
    last = 2 * best.requests if best.requests else _MONTHS_REQUESTS
    series: list[Series] = [
        (name, [(0, line.fixed_usd or 0), (last, (line.fixed_usd or 0) + last * (line.request_usd or 0))])
        for name, line in (("costs-base", base), ("costs-tuned", best))
    ]
    return _lines(series, "Requests a month", "US dollars a month", f"Costs a month: {best.name}", integer)


def quality_chart(report: Report) -> Markup | None:
    """Every contestant's mean and its interval against the cost of a month with `CHART_ANSWERS` answers.

    The costs differ by thousands, so their axis is logarithmic. A contestant whose cost is not known is left out.
    """
    measure = report.scores.get(report.verdict.metric or "")
    points = quality_points(report)
    if measure is None or len(points) < 2:
        return None
    series: list[Series] = []
    for place, point in enumerate(points):
        low, high = point.interval or (point.mean, point.mean)
        x = log10(point.usd)
        series += [
            (f"contestant contestant-{place}", [(x, low), (x, high)]),
            (f"mean contestant-{place}", [(x, point.mean)]),
        ]
    label = measure.label or "Mean"
    said = "; ".join(f"{point.title}: {number(point.mean)} for {money(point.usd)}" for point in points)
    description = f"{label} against the cost of a month with {integer(CHART_ANSWERS)} answers. {said}"
    x_title = f"US dollars for {integer(CHART_ANSWERS)} answers a month"
    ticks = _decades([point.usd for point in points])
    return _lines(series, x_title, label, description, lambda x: money(10**x), ticks)


def _decades(values: Sequence[float]) -> list[float]:
    """Where a logarithmic axis has labels: at 1, 2 and 5 times a power of ten; over many powers, at these only."""
    first, last = floor(log10(min(values))), ceil(log10(max(values)))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [power + log10(step) for power in range(first, last + 1) for step in steps]
    return [tick for tick in ticks if log10(min(values)) - 0.4 <= tick <= log10(max(values)) + 0.4]


def _time(timestamp: float, pattern: str) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime(pattern)


def _plain(value: float) -> str:
    return f"{value:g}"


def _last_steps(training: TrainingSummary) -> dict[float, float]:
    """The last step of each epoch."""
    ends: dict[float, float] = {}
    for entry in training.steps:
        if entry.epoch is not None:
            ends[entry.epoch] = max(entry.step, ends.get(entry.epoch, entry.step))
    return ends


def _thinned(points: Sequence[Point]) -> list[Point]:
    size = max(-(-len(points) // _MOST_POINTS), 1)
    chunks = [points[at : at + size] for at in range(0, len(points), size)]
    return [(fmean(x for x, _ in chunk), fmean(y for _, y in chunk)) for chunk in chunks]


def _lines(
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    description: str,
    x_format: Callable[[float], str] = _plain,
    ticks: Sequence[float] = (),
) -> Markup:
    """`ticks` are the places of the labels of the x-axis; without them, pygal chooses.

    A measure of a scorer or a contestant can have any name, and XML has no place for control characters.
    """
    series = [(readable(name), points) for name, points in series]
    x_title, y_title, description = readable(x_title), readable(y_title), readable(description)
    chart = pygal.XY(
        width=720,
        height=300,
        margin=8,
        js=(),
        x_title=x_title,
        y_title=y_title,
        show_legend=False,
        x_value_formatter=x_format,
        value_formatter=number,
        max_scale=8,
    )
    if ticks:
        chart.x_labels = list(ticks)
    for name, points in series:
        chart.add(name, list(points), show_dots=name in _DOTTED or name.startswith("mean "), dots_size=4)
    chart.add_xml_filter(lambda root: _cleaned(root, [name for name, _ in series], description))
    drawn: str = chart.render(is_unicode=True, disable_xml_declaration=True)
    return Markup(drawn)  # noqa: S704 - pygal escapes; the chart contains only numbers and our labels


def _cleaned(root: Any, names: Sequence[str], description: str) -> Any:
    """The chart without pygal's additions, with a description for screen readers.

    `root` is an element of lxml, or of ElementTree in Lambda, where lxml is not installed.
    """
    _prune(root, names)
    root.attrib.update({"class": "chart", "role": "img", "aria-label": description})
    root.attrib.pop("id", None)
    return root


def _prune(element: Any, names: Sequence[str]) -> None:
    for child in list(element):
        classes = child.get("class", "") if isinstance(child.tag, str) else ""
        if child.tag in _DROPPED_TAGS or not isinstance(child.tag, str) or classes.endswith(_DROPPED_CLASSES):
            element.remove(child)
            continue
        if number_ := re.search(r"\bserie-(\d+)", classes):
            child.attrib["class"] = f"series {names[int(number_[1])]}"
        for name in _PLACES & set(child.attrib):
            child.attrib[name] = re.sub(r"(\.\d)\d+", r"\1", child.attrib[name])
        _prune(child, names)
