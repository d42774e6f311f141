"""What to know before believing the scores, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuner.reporting.model import Report
from tuner.reporting.words import plural


def notes(report: Report) -> tuple[str, ...]:
    """The verdict's notes that are not in its sentence already, and the scoring's warnings."""
    given = (*report.verdict.notes, *report.scoring.get("warnings", ()))
    return tuple(dict.fromkeys(note for note in given if note not in report.verdict.sentence))


def habits(report: Report) -> tuple[str, ...]:
    """How the judge behaved, as far as the scoring counted it."""
    judge = report.scoring.get("judge") or {}
    preference = report.scoring.get("preference") or {}
    return (*_missing(judge), *_order(preference), *_length(preference))


def _missing(judge: Mapping[str, Any]) -> Iterator[str]:
    asked, missing = judge.get("asked"), judge.get("missing") or 0
    if asked and missing:
        yield f"{plural(missing, 'verdict')} of {asked:,} could not be used: they count as missing, not as a grade."
    elif asked:
        yield f"All {plural(asked, 'verdict')} could be used."


def _order(counted: Mapping[str, Any]) -> Iterator[str]:
    if compared := counted.get("compared"):
        flipped = counted.get("flipped", 0)
        yield (
            "Shown both answers in both orders, it changed its mind with the order in "
            f"{flipped:,} of {plural(compared, 'comparison')}; those count as ties."
        )


def _length(counted: Mapping[str, Any]) -> Iterator[str]:
    if decided := counted.get("decided"):
        longer = counted.get("longer_won", 0)
        yield f"It preferred the longer answer in {longer:,} of {plural(decided, 'decided comparison')}."
