"""Adds people's scores to those of the judge, and decides again.

The judge's grades stay as they are, beside people's. What people scored changes means, verdict and gate only where it
shows something about all questions: docs/evaluation.md, "Scores by people".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.measure_scores import Correction, MeasureScores
from tuner.artifacts.evaluation.people import Given, HumanScores, PeopleScores, ReviewSheet
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.review.correction import MEASURE, correction, label_of, people_measure
from tuner.evaluation.review.judge_agreement import judge_agreement, people_agreement
from tuner.evaluation.scores import facts_of_scorer, summarize
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.verdict import Names, decide, outcome, with_stopping


def with_people(scores: Scores, given: PeopleScores, sheets: Sequence[ReviewSheet] = (), seed: int = 0) -> Scores:
    """The scores with those of people, by question and reviewer. Merging the same ones again changes nothing."""
    records = tuple(_merged(record, given.get(record.id, {})) for record in scores.questions)
    names = Names(groups=scores.groups, documents=scores.documents)
    looks = Looks.of(scores.stopping)
    found = correction(records, sheets, seed, names, looks)
    judged = any(MEASURE in record.of(name).measures for record in records for name in MAIN)
    if not judged and found.correction is not None and found.correction.method == "all":
        # No judge was asked, and people scored everything: theirs is the measure.
        records = tuple(_scored_by_people(record) for record in records)
    # The judge's and the encoder's details stay: nothing was graded again.
    slices = tuple(each.field for each in scores.slices)
    graded = Graded(records, {}, {}, groups=scores.groups, documents=scores.documents, slices=slices)
    summed = summarize(
        graded, scores.warnings, seed, decides=scores.decides, scorer=facts_of_scorer(scores), looks=looks
    )
    metrics = _with_correction(summed.metrics, found.correction, judged)
    decisive = {name: measure.decisive for name, measure in metrics.items()}
    verdict = decide(decisive, len(records), names, scores.decides)
    agreement = {
        "judge_agreement": judge_agreement(records, _sheet_of(found.correction, sheets), seed),
        "agreement": people_agreement(records, seed),
    }
    people = _human_scores(records, found.undecided).model_copy(update=agreement)
    return scores.model_copy(
        update={
            "verdict": with_stopping(_with_notes(verdict, metrics), scores.stopping),
            "metrics": metrics,
            "questions": tuple(
                record.model_copy(update={"outcome": outcome(record, verdict.metric, metrics)}) for record in records
            ),
            "agreement": summed.agreement,
            "people": people,
            **({"slices": summed.slices} if summed.slices else {}),
        }
    )


def _sheet_of(found: Correction | None, sheets: Sequence[ReviewSheet]) -> ReviewSheet | None:
    return next((sheet for sheet in sheets if found is not None and sheet.name == found.sheet), None)


def _merged(record: QuestionScores, given: Mapping[str, Given]) -> QuestionScores:
    """The question with people's scores. An answer that was not given has none."""
    answers = {}
    for name, answer in record.by_contestant.items():
        members = {member: getattr(answer, member) for member in answer.model_fields_set}
        # People's scores are in the place of the judge's grade in files of an earlier version, and where only people
        # scored. The judge's grade, if there is one, is put back.
        if answer.human:
            del members["human"]
            grade = members.pop("judge_correctness", None)
            measures = {key: value for key, value in answer.measures.items() if key != MEASURE}
            members["measures"] = measures if grade is None else {**measures, MEASURE: grade}
        people = {reviewer: scores[name] for reviewer, scores in given.items() if name in scores}
        if people and not answer.shown.failed:
            members["people"] = people
        answers[name] = AnswerScores(**members)
    return record.model_copy(update={"by_contestant": answers})


def _scored_by_people(record: QuestionScores) -> QuestionScores:
    label = label_of(record) or {}
    answers = {
        name: answer.joined(
            AnswerScores(measures={MEASURE: None})
            if answer.failed
            else AnswerScores(measures={MEASURE: label[name]}, human=True)
        )
        for name, answer in record.by_contestant.items()
    }
    return record.model_copy(update={"by_contestant": answers})


def _with_correction(
    metrics: Mapping[str, MeasureScores], found: Correction | None, judged: bool
) -> dict[str, MeasureScores]:
    """The measures with the correction at the judge's. Without a judge, people's numbers are the measure."""
    if found is None:
        return dict(metrics)
    if judged:
        return {**metrics, MEASURE: metrics[MEASURE].model_copy(update={"corrected": found})}
    measure = people_measure()
    own = metrics.get(MEASURE) or MeasureScores(range=measure.range, better=measure.better, corrected=found).decisive
    if own.difference is None:
        return dict(metrics)  # too few scores to compare, and no measure of a judge to show them beside
    # Both compare the same scores, but only the correction's sentence says that they are people's.
    own = own.model_copy(update={"label": found.label, "conclusion": found.conclusion})
    return {**({name: each for name, each in metrics.items() if name != MEASURE}), MEASURE: own}


def _with_notes(verdict: Verdict, metrics: Mapping[str, MeasureScores]) -> Verdict:
    """The verdict with notes that say how people's scores changed it."""
    measure = metrics.get(verdict.metric or "")
    found = measure.corrected if measure else None
    if measure is None or found is None or not found.decides:
        return verdict
    judge = f"The judge alone: {measure.conclusion.sentence if measure.conclusion else 'nothing.'}"
    notes = [f"People scored all {found.labels:,} questions, so their scores decide. {judge}"]
    if found.method == "sample":
        notes = [f"People's scores of {found.labels:,} questions, drawn at random, correct the judge's. {judge}"]
        if found.labels < found.drawn:
            missing = f"{found.drawn - found.labels:,} of {found.drawn:,} questions that were drawn"
            notes.append(
                f"People did not score both answers of {missing}. The correction holds if chance left them out, and "
                "not their difficulty."
            )
        low, high = found.comparison.interval or (0.0, 0.0)
        if verdict.value == "undecided" and low < high:
            notes.append("More scores by people, of more questions drawn at random, make the interval narrower too.")
    return verdict.model_copy(update={"notes": (*verdict.notes, *notes)})


def _human_scores(records: Sequence[QuestionScores], undecided: str | None) -> HumanScores:
    """How many scores are people's."""
    answers = [record.of(name) for record in records for name in MAIN]
    scored = [answer for answer in answers if answer.people]
    values = [value for answer in scored for value in answer.people.values()]
    return HumanScores(
        questions=sum(any(record.of(name).people for name in MAIN) for record in records),
        answers=len(scored),
        of_answers=sum(not answer.shown.failed for answer in answers),
        answers_each=max((len(record.single_answers) for record in records), default=1),
        reviewers=tuple(sorted({name for answer in scored for name in answer.people})),
        lowest=min(values, default=None),
        highest=max(values, default=None),
        undecided=undecided,
    )
