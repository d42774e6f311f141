"""Says whether a score is good by itself, and not only better than another one."""

from __future__ import annotations

from tuner.artifacts.evaluation.contestants import TUNED
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.report import Report
from tuner.reporting.formatting import measure_title, number, range_limit

# The lowest mean at which most answers can be used. Correctness: 6 is "mostly correct" in the judge's rubric. The other
# measures of this table count right answers. Others, such as ROUGE, have no such level.
USABLE = {
    "correctness": 6.0,
    "exact_match": 0.5,
    "token_f1": 0.5,
    "accuracy": 0.5,
    "macro_f1": 0.5,
    "field_accuracy": 0.5,
    "object_accuracy": 0.5,
}


def deciding_measure(report: Report) -> tuple[str, MeasureScores] | None:
    """The measure that decides the verdict, by its name, as it was measured; None when nothing was scored."""
    name = report.verdict.metric
    return (name, report.scores[name]) if name in report.scores and name else None


def is_usable(name: str, measure: MeasureScores) -> bool:
    """Whether the tuned model's mean is good by itself. True for a measure that has no such level, or no mean."""
    level, mean = USABLE.get(name), measure.decisive_side(TUNED).mean
    return level is None or mean is None or mean >= level


def level_sentence(report: Report) -> str | None:
    """A warning when the better model still scores low, as 3.25 of 10 after 1.9 of 10. None otherwise."""
    deciding = deciding_measure(report)
    if report.verdict.value != "better" or deciding is None or is_usable(*deciding):
        return None
    name, measure = deciding[0], deciding[1].decisive
    label, mean = measure.label or measure_title(name), number(measure.tuned.mean)
    bounds = measure.range or (0, 1)
    return (
        f"Better is not good yet: {mean} {label} on a scale from {range_limit(bounds[0])} to {range_limit(bounds[1])}, "
        f"where answers are mostly right from {range_limit(USABLE[name])}."
    )
