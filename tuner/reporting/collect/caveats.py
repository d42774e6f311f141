"""What to know before believing the scores, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.report import Report
from tuner.artifacts.scores import HumanScores, JudgeDetails, PreferenceDetails
from tuner.catalog import judge_or_assumed
from tuner.reporting.formatting import number, plural, title


def notes(report: Report) -> tuple[str, ...]:
    """The verdict's notes that are not in its sentence already, and the warnings of estimate and scoring."""
    before = report.estimate.warnings if report.estimate else ()
    given = (*report.verdict.notes, *before, *report.scoring.warnings)
    return tuple(dict.fromkeys(note for note in given if note not in report.verdict.sentence))


def habits(report: Report) -> tuple[str, ...]:
    """How the judge behaved, as far as the scoring counted it."""
    judge, preference = report.scoring.judge, report.scoring.preference
    return (
        *(_missing(judge) if judge else ()),
        *_kinship(report),
        *(_order(preference) if preference else ()),
        *(_length(preference) if preference else ()),
        *(_people(report.people) if report.people else ()),
    )


def agreements(report: Report) -> tuple[tuple[str, str, float, int], ...]:
    """(one metric, another, rank correlation, questions) of each pair of metrics, by their labels."""
    labels = {name: metric.label or title(name) for name, metric in report.scores.items()}
    return tuple((labels.get(e.one, e.one), labels.get(e.other, e.other), e.rho, e.n) for e in report.agreement)


def _missing(judge: JudgeDetails) -> Iterator[str]:
    if judge.asked and judge.missing:
        yield (
            f"{plural(judge.missing, 'verdict')} of {judge.asked:,} could not be used: they count as missing, not as a "
            "grade."
        )
    elif judge.asked:
        yield f"All {plural(judge.asked, 'verdict')} could be used."


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


def _order(preference: PreferenceDetails) -> Iterator[str]:
    if preference.compared:
        yield (
            "Shown both answers in both orders, it changed its mind with the order in "
            f"{preference.flipped:,} of {plural(preference.compared, 'comparison')}; those count as ties."
        )


def _length(preference: PreferenceDetails) -> Iterator[str]:
    if preference.decided:
        decided = plural(preference.decided, "decided comparison")
        yield f"It preferred the longer answer in {preference.longer_won:,} of {decided}."


def _people(people: HumanScores) -> Iterator[str]:
    yield f"People gave {people.answers:,} of {plural(people.of_answers, 'score')}, in the judge's place."
    judge = people.judge_agreement
    if judge and judge.n and judge.mean_difference is not None:
        ranks = "" if judge.rho is None else f"; the rank correlation is {number(judge.rho)}"
        grades = f"{number(judge.mean_difference, signed=True)} against theirs"
        yield f"On the {plural(judge.n, 'answer')} that both scored, the judge's grade is {grades} on average{ranks}."
