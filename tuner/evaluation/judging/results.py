"""The results of each of several judges, and how far the judges agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tuner.artifacts.evaluation.contestants import MAIN, TUNED
from tuner.artifacts.evaluation.measure_scores import JudgeScores, MeasureScores, Number, SeveralJudges
from tuner.artifacts.evaluation.question_scores import JUDGED, AnswerScores, QuestionScores
from tuner.catalog import judge_or_assumed
from tuner.evaluation.statistics.agreement_coefficients import alpha

ScoresOf = Callable[[Sequence[QuestionScores]], MeasureScores]


def with_judges(
    found: MeasureScores, measure: str, records: Sequence[QuestionScores], scores_of: ScoresOf, seed: int = 0
) -> MeasureScores:
    """The scores by a measure, with those of each judge if several judges graded. `scores_of` computes a judge's."""
    if measure not in JUDGED:
        return found
    models = tuple(
        dict.fromkeys(model for each in records for given in each.by_judge(measure).values() for model in given)
    )
    if not models:
        return found
    each = tuple(_by(model, scores_of([_graded_by(model, measure, record) for record in records])) for model in models)
    judged = [_judged_answers(measure, record) for record in records]
    agreement = alpha(judged, seed, [record.unit for record in records])
    several = SeveralJudges(
        each=each,
        incomplete=sum(_is_incomplete(measure, record) for record in records),
        n=sum(len(grades) > 1 for record in records for grades in _judged_answers(measure, record)),
        alpha=agreement.value,
        alpha_interval=agreement.interval,
    )
    return found.model_copy(update={"judges": several})


def _by(model: str, scores: MeasureScores) -> JudgeScores:
    return JudgeScores(
        model=model,
        name=judge_or_assumed(model).name,
        by_contestant=scores.by_contestant,
        difference=scores.difference,
        comparison=scores.comparison,
        conclusion=scores.conclusion,
    )


def _graded_by(model: str, measure: str, record: QuestionScores) -> QuestionScores:
    """The question with this judge's values only. An answer that no judge was asked about keeps its value."""
    answers = {name: _answer_by(model, measure, answer) for name, answer in record.by_contestant.items()}
    return record.model_copy(update={"by_contestant": answers})


def _answer_by(model: str, measure: str, answer: AnswerScores) -> AnswerScores:
    repeats = tuple(_answer_by(model, measure, each) for each in answer.repeats)
    values: Mapping[str, Number | None] = getattr(answer, JUDGED[measure])
    own = {measure: values.get(model)} if values else {}
    return answer.model_copy(update={"measures": {**answer.measures, **own}, "repeats": repeats})


def _judged_answers(measure: str, record: QuestionScores) -> list[list[float]]:
    """The judges' values of each answer. A preference needs one answer only: its value determines the other one's."""
    judged = (TUNED,) if measure == "preference" else MAIN
    given = [each.by_judge(measure).get(name, {}) for each in record.single_answers for name in judged]
    return [[float(value) for value in values.values() if value is not None] for values in given]


def _is_incomplete(measure: str, record: QuestionScores) -> bool:
    return any(None in given.values() for each in record.single_answers for given in each.by_judge(measure).values())
