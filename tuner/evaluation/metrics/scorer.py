"""The metric of a scorer of the deployer's own: the score that a Lambda function gives to each answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tuner.artifacts.dataset import Message
from tuner.artifacts.evaluation.metric_details import MetricFacts, OwnMeasure
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.catalog.metrics import METRICS, OWN_MEASURES
from tuner.core.errors import SettingsError
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of
from tuner.evaluation.judging.scoring_function import Scored, ScoringFunction, ToScore
from tuner.evaluation.metrics.base import Grades, Metric, ScoringContext
from tuner.settings.run.scorer import ScorerSettings


class Scorer(Metric):
    """The score of each answer, and the function's own measures, which only describe: `scorer.NAME`."""

    name = "scorer"
    measures = METRICS["scorer"]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Each model's answers are sent by themselves: the function does not know whose they are."""
        if context.scorer is None:
            raise SettingsError("evaluation.metrics: the metric scorer needs a scorer. Name it as scorer.name.")
        values = {
            name: _scores(items, [item.answers[name] for item in items], context, context.scorer)
            for name in contestants_of(items)
        }
        given = [scores for each in values.values() for scores in each if not scores.failed and scores.measures]
        asked = [scores for scores in given if scores.measures["scorer"] is not None or scores.scorer_problem]
        counts = {"asked": len(asked), "missing": sum(scores.measures["scorer"] is None for scores in asked)}
        settings = context.scorer.settings
        return Grades(values, _facts(settings), counts)


def _scores(
    items: Sequence[GradedItem], answers: Sequence[str | None], context: ScoringContext, scorer: ScoringFunction
) -> list[AnswerScores]:
    ids = _unique_ids(items)
    to_score = [
        _to_score(key, item, answer, context)
        for key, item, answer in zip(ids, items, answers, strict=True)
        if answer is not None
    ]
    scored = {each.id: found for each, found in zip(to_score, scorer.score(to_score), strict=True)}
    return [_answer_scores(scored.get(key), scorer.settings) for key in ids]


def _unique_ids(items: Sequence[GradedItem]) -> list[str]:
    """The ids of the items. Further answers to a question have its id with a number: `q1#1`."""
    seen = Counter[str]()
    found = []
    for item in items:
        found.append(f"{item.id}#{seen[item.id]}" if seen[item.id] else item.id)
        seen[item.id] += 1
    return found


def _facts(settings: ScorerSettings) -> MetricFacts:
    facts = MetricFacts(name=settings.name, range=settings.range)
    if not settings.measures:
        return facts
    known = {name: OwnMeasure(range=each.range, better=each.better) for name, each in settings.measures.items()}
    return facts.model_copy(update={"measures": known})


def _to_score(key: str, item: GradedItem, answer: str, context: ScoringContext) -> ToScore:
    question = context.questions.get(item.id)
    turns = question.turns if question else (Message(role="user", text=item.question),)
    return ToScore(key, turns, answer, item.reference, question.system if question else None)


def _answer_scores(scored: Scored | None, settings: ScorerSettings) -> AnswerScores:
    """The scores of an answer. One that was not given has no value of any measure that the models are compared by."""
    values: dict[str, float | None] = dict.fromkeys(settings.measures)
    own = values | dict(scored.measures if scored else {})
    named = {f"{OWN_MEASURES['scorer']}{name}": value for name, value in own.items()}
    found = AnswerScores(measures={"scorer": scored.score if scored else None, **named})
    if scored is None:
        return found
    return found.model_copy(update={"scorer_problem": scored.problem}) if scored.problem else found
