"""Renders the page of `tuner compare`: runs, or their contestants, beside the one that they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.reporting.page.page import render
from tuner.reporting.page.slices_table import reach
from tuner.reporting.page.svg import Interval, interval_bar


@dataclass(frozen=True, slots=True)
class _Row:
    """A measure of one comparison. `drawn` has the scale of all comparisons by this measure."""

    name: str
    scores: MeasureScores
    drawn: Interval | None


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One run compared with the first."""

    name: str
    scores: Scores
    rows: tuple[_Row, ...]

    @property
    def decides(self) -> _Row | None:
        """The measure that decides; None where both lack it."""
        return next((row for row in self.rows if row.name == self.scores.verdict.metric), None)


def comparison_page(first: str, compared: Mapping[str, Scores]) -> str:
    """The page. `compared` has the other runs by their names, each with its scores beside those of `first`."""
    widest = {
        name: max((scores.metrics[name] for scores in compared.values() if name in scores.metrics), key=reach)
        for name in dict.fromkeys(name for scores in compared.values() for name in scores.metrics)
    }
    comparisons = [
        _Comparison(
            name,
            scores,
            tuple(
                _Row(measure, each, interval_bar(each, widest[measure]))
                for measure, each in scores.metrics.items()
                if each.better
            ),
        )
        for name, scores in compared.items()
    ]
    return render("comparison.html.j2", first=first, comparisons=comparisons)
