"""Puts people's scores in the place of the judge's. People have the last word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuner.artifacts.evaluation.contestants import CONTESTANTS, ContestantName
from tuner.artifacts.evaluation.judgments import PeopleScores
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.scores import HumanScores, JudgeAgreement, Scores
from tuner.evaluation.scores import Graded, facts_of_scorer, summarize
from tuner.evaluation.statistics.comparison import rank_correlation

MEASURE = "correctness"


def with_human_scores(scores: Scores, given: PeopleScores, seed: int = 0) -> Scores:
    """The scores with people's scores from 1 to 10 in the place of the judge's.

    A replaced value is marked `human`, and the judge's is kept as `judge_correctness`. An answer that was not given
    stays failed. Merging the same scores again changes nothing.
    """
    records = tuple(_merged(record, given.get(record.id, {})) for record in scores.questions)
    people = _human_scores(records)
    # The judge's and the encoder's details stay: nothing was graded again.
    graded = Graded(records, {}, {}, scores.groups, tuple(each.field for each in scores.slices))
    summed = summarize(graded, scores.warnings, seed, decides=scores.decides, scorer=facts_of_scorer(scores))
    # Readers of the report must see that the measure is not the judge's alone.
    measures = dict(summed.metrics)
    if MEASURE in measures:
        label = f"Correctness ({people.answers} of {people.of_answers} scores by people)"
        measures[MEASURE] = measures[MEASURE].model_copy(update={"label": label})
    return scores.model_copy(
        update={
            "verdict": summed.verdict,
            "metrics": measures,
            "questions": summed.questions,
            "agreement": summed.agreement,
            "people": people,
            **({"slices": summed.slices} if summed.slices else {}),
        }
    )


def _merged(record: QuestionScores, given: Mapping[ContestantName, int]) -> QuestionScores:
    answers = dict(record.by_contestant)
    for name, score in given.items():
        answer = record.of(name)
        if not answer.failed:
            # A second review replaces the first one, and not the judge's grade.
            judged = answer.judge_correctness if answer.human else answer.measures.get(MEASURE)
            replaced = AnswerScores(measures={MEASURE: score}, judge_correctness=judged, human=True)
            answers[name] = answer.joined(replaced)
    return record.model_copy(update={"by_contestant": answers})


def _human_scores(records: Sequence[QuestionScores]) -> HumanScores:
    """How many scores are people's, and how far the judge agrees with them."""
    answers = [record.of(name) for record in records for name in CONTESTANTS]
    human = [answer for answer in answers if answer.human]
    return HumanScores(
        questions=sum(any(record.of(name).human for name in CONTESTANTS) for record in records),
        answers=len(human),
        of_answers=sum(not answer.failed for answer in answers),
        judge_agreement=_judge_agreement(human),
    )


def _judge_agreement(human: Sequence[AnswerScores]) -> JudgeAgreement:
    people, judge = [], []
    for answer in human:
        score = answer.measures[MEASURE]
        if score is not None and answer.judge_correctness is not None:
            people.append(score)
            judge.append(answer.judge_correctness)
    return JudgeAgreement(
        n=len(people),
        rho=rank_correlation(people, judge),
        mean_difference=sum(j - p for p, j in zip(people, judge, strict=True)) / len(people) if people else None,
    )
