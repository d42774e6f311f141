"""Corrects the judge's measure with people's scores, and says if they are too few, or not a random sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName
from tuner.artifacts.evaluation.measure_scores import Aggregate, Correction, Number
from tuner.artifacts.evaluation.people import ReviewSheet
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.evaluation.metrics import Measure, measures
from tuner.evaluation.statistics.comparison import (
    CONFIDENCE,
    FEWEST,
    PairedDifference,
    agreeing,
    compare,
    detectable,
    mean_and_error,
    unless_zero,
    with_looks,
)
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.groups import Groups, p_of_mean
from tuner.evaluation.statistics.prediction_powered import FEWEST_LABELS, CorrectedMean, Labelled, corrected_mean
from tuner.evaluation.statistics.verdict import Names, conclude

MEASURE = "correctness"
Label = dict[ContestantName, float]


@dataclass(frozen=True, slots=True)
class CorrectionOutcome:
    """The correction, or None; and why people's scores do not decide, or None if they do."""

    correction: Correction | None
    undecided: str | None


def people_measure() -> Measure:
    """The measure that people score by: the judge's, from 1 to 10."""
    return measures()[MEASURE]


def label_of(record: QuestionScores) -> Label | None:
    """People's score of both answers: the mean of all reviewers who scored each answer that was given.

    An answer that was not given needs no score: it counts as the worst. None where nobody scored both. Of several
    answers to a question, people score the first: on average, it is as good as any of them.
    """
    answers = {name: record.of(name) for name in MAIN}
    given = [answer.people for answer in answers.values() if not answer.shown.failed]
    # Only who scored both: a strict reader of one answer would make it look worse than the other one.
    reviewers = set.intersection(*(set(people) for people in given)) if given else set()
    if given and not reviewers:
        return None
    worst = people_measure().worst
    return {
        name: float(worst or 0)
        if answer.shown.failed
        else sum(answer.people[each] for each in reviewers) / len(reviewers)
        for name, answer in answers.items()
    }


def correction(
    records: Sequence[QuestionScores],
    sheets: Sequence[ReviewSheet],
    seed: int = 0,
    names: Names = Names(),  # noqa: B008 - frozen
    looks: Looks | None = None,
) -> CorrectionOutcome:
    """What people's scores of all questions, or of a random sample of them, show.

    `looks` is the plan of an evaluation that may stop early; None for any other.

    Scores of flagged questions alone correct nothing: they are not a random sample, so their mean estimates nothing.
    """
    labels = {record.id: label for record in records if (label := label_of(record)) is not None}
    if len(labels) == len(records):
        return CorrectionOutcome(_of_all(labels, records, seed, names, looks), None)
    sheet = _best_sheet(records, sheets, labels)
    if sheet is None:
        return CorrectionOutcome(
            None,
            "These questions were not drawn at random, so their scores are shown but correct no result. To correct it, "
            "export a sample for review with the option '--random 60'.",
        )
    return _of_sample(labels, records, sheet, names, looks)


def _best_sheet(
    records: Sequence[QuestionScores], sheets: Sequence[ReviewSheet], labels: dict[str, Label]
) -> ReviewSheet | None:
    """The sample with the most labels, of those that were drawn from exactly these questions."""
    ids = {record.id for record in records}
    usable = [
        sheet
        for sheet in sheets
        if sheet.is_sample
        and {key for stratum in sheet.strata for key in stratum.questions} == ids
        and not labels.keys().isdisjoint(sheet.first)
    ]
    return max(usable, key=lambda sheet: (sum(key in labels for key in sheet.first), -len(sheet.first)), default=None)


def _of_all(
    labels: dict[str, Label], records: Sequence[QuestionScores], seed: int, names: Names, looks: Looks | None
) -> Correction:
    """Every question has people's scores, so the judge is not needed."""
    values = {name: [labels[record.id][name] for record in records] for name in MAIN}
    groups = [record.unit for record in records]
    difference = compare(values[BASE], values[TUNED], seed, groups, looks)
    means = {name: mean_and_error(numbers, groups) for name, numbers in values.items()}
    return _made(difference, means, records, names, _Facts("all", len(labels), len(labels), "people"))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a correction says about itself."""

    method: str
    labels: int
    drawn: int
    by: str
    decides: bool = True
    sheet: str | None = None
    judge_weights: tuple[tuple[str, float], ...] = ()


def _of_sample(
    labels: dict[str, Label],
    records: Sequence[QuestionScores],
    sheet: ReviewSheet,
    names: Names,
    looks: Looks | None,
) -> CorrectionOutcome:
    """The judge's means of all questions, corrected with the labels of the sample."""
    known = {key: labels[key] for key in sheet.first if key in labels}
    values = _labelled(records, sheet, known)
    if not values.can_be_estimated:
        return CorrectionOutcome(
            None,
            f"{_progress(known, sheet)} At least {FEWEST_LABELS} are needed"
            f"{', of them two flagged and two other ones' if len(sheet.strata) > 1 else ''}.",
        )
    found = corrected_mean(values)
    decides = len(known) >= FEWEST_LABELS
    judged = any(_judged(record.of(name)) is not None for record in records for name in MAIN)
    sides = {name: corrected_mean(_labelled(records, sheet, known, name), found.weights) for name in MAIN}
    facts = _Facts(
        "sample",
        len(known),
        len(sheet.first),
        f"judge, corrected with people's scores of {len(known)} questions"
        if judged
        else f"people, {len(known)} questions drawn at random",
        decides,
        sheet.name,
        tuple((stratum.name, weight) for stratum, weight in zip(sheet.strata, found.weights, strict=True)),
    )
    means = {name: (side.mean, side.standard_error) for name, side in sides.items()}
    difference = _difference(found, values, looks)
    if not judged:  # only people's scores are counted
        units = difference.labelled if values.groups else None
        difference = difference.model_copy(update={"n": len(known), "groups": units})
    made = _made(difference, means, records, names, facts)
    rare = "a judge's rare large errors" if judged else "rare large differences"
    why_not = (
        f"{_progress(known, sheet)} At least {FEWEST_LABELS} are needed: with fewer, {rare} are likely not to be among "
        "them, and the interval is too narrow."
    )
    return CorrectionOutcome(made, None if decides else why_not)


def _progress(known: dict[str, Label], sheet: ReviewSheet) -> str:
    return f"People scored both answers of {len(known)} of the {len(sheet.first)} questions that were drawn at random."


def _labelled(
    records: Sequence[QuestionScores],
    sheet: ReviewSheet,
    labels: dict[str, Label],
    contestant: ContestantName | None = None,
) -> Labelled:
    """The judge's and people's differences, or their scores of one contestant."""
    strata = {key: number for number, stratum in enumerate(sheet.strata) for key in stratum.questions}
    judged, given = [], []
    for record in records:
        grades = {name: _judged(record.of(name)) for name in MAIN}
        judged.append(_value(grades, contestant))
        given.append(_value(labels.get(record.id), contestant))
    groups = Groups.of([record.unit for record in records])
    return Labelled(np.array(judged), np.array(given), np.array([strata[record.id] for record in records]), groups)


def _judged(answer: AnswerScores) -> Number | None:
    """What the judge's grade of an answer counts for."""
    return answer.counted(MEASURE, people_measure().worst)


def _value(scores: dict[ContestantName, float] | dict[ContestantName, Number | None] | None, of: str | None) -> float:
    """One contestant's score, or the difference of both; NaN where a score is missing."""
    if scores is None:
        return float("nan")
    base, tuned = scores[BASE], scores[TUNED]
    wanted = (scores[of],) if of else (base, tuned)
    if any(value is None for value in wanted):
        return float("nan")
    return float(scores[of] or 0) if of else float((tuned or 0) - (base or 0))


def _difference(found: CorrectedMean, values: Labelled, looks: Looks | None) -> PairedDifference:
    """The corrected difference as a comparison. Without enough independent questions, p-value and interval are None."""
    groups = values.groups.count if values.groups else None
    # As everywhere, fewer independent questions cannot show any difference.
    enough = (len(values.labels) if groups is None else groups) >= FEWEST
    confidence = CONFIDENCE if looks is None else looks.confidence
    known = values.is_labelled
    labelled = len(set(values.groups.numbers[known])) if values.groups else int(known.sum())
    p = p_of_mean(found.mean, found.standard_error, found.degrees, labelled) if enough else None
    interval = found.interval(confidence)
    difference = PairedDifference(
        n=len(values.labels),
        groups=groups,
        labelled=labelled,
        mean=found.mean,
        standard_error=found.standard_error,
        interval=None if p is None else agreeing(interval, p, confidence),
        p=p,
        smallest_detectable=unless_zero(detectable(found.standard_error, found.degrees)) if enough else None,
    )
    return difference if looks is None else with_looks(difference, looks, found.degrees)


def _made(
    difference: PairedDifference,
    means: Mapping[ContestantName, tuple[float | None, float | None]],
    records: Sequence[QuestionScores],
    names: Names,
    facts: _Facts,
) -> Correction:
    """The correction with its conclusion. `means` has each contestant's corrected mean and its standard error."""
    measure = replace(people_measure(), label=f"Correctness ({facts.by})")
    failed = {name: sum(record.of(name).failed for record in records) for name in MAIN}
    sides = {
        name: Aggregate(mean=mean, standard_error=error, n=len(records), missing=failed[name], failed=failed[name])
        for name, (mean, error) in means.items()
    }
    return Correction.model_validate(
        {
            "method": facts.method,
            "label": measure.label,
            "labels": facts.labels,
            "drawn": facts.drawn,
            "sheet": facts.sheet,
            "judge_weights": dict(facts.judge_weights),
            "decides": facts.decides,
            "by_contestant": sides,
            "difference": difference.mean or 0.0,
            "comparison": difference.comparison,
            "conclusion": conclude(measure, difference, names, [sides[name] for name in MAIN]),
        }
    )
