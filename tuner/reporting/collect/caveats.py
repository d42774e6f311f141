"""What to know before believing the scores, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuner.artifacts.report import People, Report
from tuner.catalog import judge_or_assumed
from tuner.reporting.formatting import number, plural, title


def notes(report: Report) -> tuple[str, ...]:
    """The verdict's notes that are not in its sentence already, and the warnings of estimate and scoring."""
    before = report.estimate.warnings if report.estimate else ()
    given = (*report.verdict.notes, *before, *report.scoring.get("warnings", ()))
    return tuple(dict.fromkeys(note for note in given if note not in report.verdict.sentence))


def habits(report: Report) -> tuple[str, ...]:
    """How the judge behaved, as far as the scoring counted it."""
    judge = report.scoring.get("judge") or {}
    preference = report.scoring.get("preference") or {}
    return (
        *_missing(judge),
        *_kinship(report),
        *_order(preference),
        *_length(preference),
        *_people(report.people),
    )


def agreements(report: Report) -> tuple[tuple[str, str, float, int], ...]:
    """(one metric, another, rank correlation, questions) of each pair of metrics, by their labels."""
    labels = {name: metric.label or title(name) for name, metric in report.scores.items()}
    return tuple((labels.get(e.one, e.one), labels.get(e.other, e.other), e.rho, e.n) for e in report.agreement)


def _missing(judge: Mapping[str, Any]) -> Iterator[str]:
    asked, missing = judge.get("asked"), judge.get("missing") or 0
    if asked and missing:
        yield f"{plural(missing, 'verdict')} of {asked:,} could not be used: they count as missing, not as a grade."
    elif asked:
        yield f"All {plural(asked, 'verdict')} could be used."


def _kinship(report: Report) -> Iterator[str]:
    """Panickssery et al., "LLM Evaluators Recognize and Favor Their Own Generations", 2024."""
    judge, base = report.models.judge, report.models.base
    if not (judge and judge.id and base and base.id) or judge.stand_in:
        return
    known = judge_or_assumed(judge.id)
    if known.vendor == base.id.split(".")[0]:
        yield (
            f"Judge and tuned model are of one vendor ({known.vendor}). Judges tend to favour answers that are like "
            "their own: this may help the base model, whose style the tuning has changed."
        )
    if known.assumed:
        yield f"The catalog does not list the judge {judge.id}: how it is asked was assumed from its vendor's models."


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


def _people(people: People | None) -> Iterator[str]:
    if people is None:
        return
    yield f"People gave {people.answers:,} of {plural(people.of_answers, 'score')}, in the judge's place."
    judge = people.judge_agreement
    if judge and judge.n and judge.mean_difference is not None:
        ranks = "" if judge.rho is None else f"; the rank correlation is {number(judge.rho)}"
        grades = f"{number(judge.mean_difference, signed=True)} against theirs"
        yield f"On the {plural(judge.n, 'answer')} that both scored, the judge's grade is {grades} on average{ranks}."
