"""How far judge and people, and people among themselves, agree about the same answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuner.artifacts.evaluation.contestants import MAIN, ContestantName
from tuner.artifacts.evaluation.people import JudgeAgreement, PeopleAgreement, ReviewSheet
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.evaluation.review.correction import MEASURE, label_of
from tuner.evaluation.statistics.agreement_coefficients import alpha, weighted_kappa
from tuner.evaluation.statistics.comparison import rank_correlation


def judge_agreement(records: Sequence[QuestionScores], sheet: ReviewSheet | None, seed: int = 0) -> JudgeAgreement:
    """The agreement of the judge's grades with the scores of every person.

    If a random sample was scored, only its questions count, weighted by 1 / their probability. Flagged questions alone
    would show less agreement than there is: the judge finds them difficult.
    """
    weights = _weights(records, sheet) if sheet else {record.id: 1.0 for record in records}
    questions = [record for record in records if record.id in weights and _pairs(record)]
    pairs = [_pairs(record) for record in questions]
    both = [pair for of_question in pairs for pair in of_question]
    stands_for, groups = [weights[record.id] for record in questions], [record.unit for record in questions]
    kappa = weighted_kappa(pairs, stands_for, seed, groups)
    judge, people = [grade for grade, _ in both], [score for _, score in both]
    return JudgeAgreement(
        n=sum(_grade(record.of(name)) is not None for record in questions for name in MAIN),
        kappa=kappa.value,
        kappa_interval=kappa.interval,
        of_sample=sheet is not None,
        rho=rank_correlation(people, judge),
        mean_difference=_mean_difference(questions, weights, MAIN),
        mean_differences={
            name: difference
            for name in MAIN
            if (difference := _mean_difference(questions, weights, (name,))) is not None
        },
    )


def _mean_difference(
    records: Sequence[QuestionScores], weights: Mapping[str, float], names: Sequence[ContestantName]
) -> float | None:
    """The judge's grade minus people's score, of the answers of these models."""
    found = [(weights[record.id], grade - score) for record in records for grade, score in _pairs(record, names)]
    total = sum(weight for weight, _ in found)
    return sum(weight * difference for weight, difference in found) / total if total else None


def people_agreement(records: Sequence[QuestionScores], seed: int = 0) -> PeopleAgreement | None:
    """The agreement of several people; None where no two of them scored the same answer."""
    scores = [[list(record.of(name).people.values()) for name in MAIN] for record in records]
    shared = sum(len(of_answer) > 1 for answers in scores for of_answer in answers)
    if not shared:
        return None
    found = alpha(scores, seed, [record.unit for record in records])
    return PeopleAgreement(n=shared, alpha=found.value, alpha_interval=found.interval)


def _weights(records: Sequence[QuestionScores], sheet: ReviewSheet) -> Mapping[str, float]:
    """For how many questions of its stratum each scored question of the sample stands."""
    labelled = {record.id for record in records if label_of(record) is not None}
    found = {}
    for stratum in sheet.strata:
        scored = [key for key in stratum.drawn if key in labelled]
        found.update({key: len(stratum.questions) / len(scored) for key in scored})
    return found


def _pairs(record: QuestionScores, names: Sequence[ContestantName] = MAIN) -> list[tuple[float, float]]:
    """The judge's grade and a person's score, for each answer of these models and each person."""
    answers = [record.of(name) for name in names]
    graded = [(grade, answer) for answer in answers if (grade := _grade(answer)) is not None]
    return [(grade, score) for grade, answer in graded for score in answer.people.values()]


def _grade(answer: AnswerScores) -> float | None:
    """The judge's grade of the answer that people scored: of several to a question, not the mean of all grades."""
    grade = None if answer.human or not answer.people else answer.shown.measures.get(MEASURE)
    return None if grade is None else float(grade)
