"""Prepares the tables of the results by topic, language or another field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuner.artifacts.evaluation.measure_scores import MeasureScores, Slices
from tuner.core.wording import plural
from tuner.evaluation.statistics.planning import ERROR, fewest_units
from tuner.reporting.formatting import measure_title
from tuner.reporting.page.svg import Interval, interval_bar

# How many slices a sentence names.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice by the measure that decides. `drawn` has the scale of all slices of the field.

    `is_small` says that so few questions, or groups, cannot show any difference.
    """

    value: str
    questions: str
    scores: MeasureScores
    drawn: Interval | None
    conclusion: str
    words: str
    is_small: bool


def slice_rows(found: Slices, measure: str | None) -> list[SliceRow]:
    """The slices of a field by one measure; empty where they have no scores by it."""
    known = [(part, part.metrics[measure]) for part in found.slices if measure in part.metrics]
    needed = _fewest(scores for _, scores in known)
    widest = max((scores for _, scores in known), key=reach, default=None)
    rows = []
    for part, scores in known:
        questions = f"{part.questions:,}"
        if scores.comparison.groups is not None:
            questions += f" from {scores.comparison.groups:,} groups"
        conclusion, units = scores.conclusion_value, scores.comparison.groups or scores.comparison.n
        is_small = conclusion == "undecided" and units < needed and not scores.is_mostly_missing
        words = f"too small: needs at least {needed}" if is_small else conclusion
        rows.append(SliceRow(part.value, questions, scores, interval_bar(scores, widest), conclusion, words, is_small))
    return rows


def _fewest(slices: Iterable[MeasureScores]) -> int:
    """The fewest questions, or groups, that can show a difference after the correction for the slices."""
    corrected = [scores.comparison.p_corrected for scores in slices]
    return fewest_units(max(1, sum(p is not None and p >= ERROR for p in corrected)))


def slices_sentence(found: Slices, measure: str | None, measures: Sequence[tuple[str, MeasureScores]]) -> str:
    """How many slices are better, worse, undecided and too small by the measure that decides, and which are decided."""
    rows = slice_rows(found, measure)
    if not rows:
        return f"There is no result by {found.field}."
    decides = next((scores for name, scores in measures if name == measure), MeasureScores())
    small = sum(row.is_small for row in rows)
    counts = {value: sum(row.conclusion == value for row in rows) for value in ("better", "worse", "undecided")}
    counts["undecided"] -= small
    named = [
        f"{count} {value}{_names([row for row in rows if row.conclusion == value])}"
        for value, count in counts.items()
        if count
    ]
    needed = _fewest(row.scores for row in rows)
    named += [f"{small} too small to tell (at least {needed} questions or groups are needed)"] if small else []
    left_out = f" {plural(found.left_out, 'question')} without a value left out." if found.left_out else ""
    corrected = decides.corrected is not None and decides.corrected.decides
    by_judge = " By the judge alone: people's scores correct the result of all questions only." if corrected else ""
    title = decides.label or measure_title(measure or "")
    return f"{title} in {plural(len(rows), 'slice')} by {found.field}: {', '.join(named)}.{left_out}{by_judge}"


def _names(rows: Sequence[SliceRow]) -> str:
    """Which slices are better, or worse: ` ('billing', 'tax' and 3 more)`. Those that are undecided are not named."""
    if rows[0].conclusion == "undecided":
        return ""
    named = [f"'{row.value}'" for row in rows[:_MOST_NAMED]]
    rest = len(rows) - len(named)
    return f" ({', '.join(named)}{f' and {rest} more' if rest else ''})"


def reach(scores: MeasureScores) -> float:
    """How far the interval goes from zero."""
    return max(map(abs, scores.comparison.interval), default=0.0) if scores.comparison.interval else 0.0
