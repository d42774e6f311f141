"""The metric correctness: a grade from 1 to 10 by an LLM judge that sees the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.judgments import GradeArguments, Judgment
from tuner.artifacts.evaluation.measure_scores import Number
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.aws.bedrock.tool_call import Tool
from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of
from tuner.evaluation.judging.judge import Judge, Request, instructions, tagged
from tuner.evaluation.judging.several_judges import ask_judges, counts_by_judge, counts_of, facts_of, pooled, said_by
from tuner.evaluation.metrics.base import Grades, Metric, ScoringContext

GRADE = Tool(
    "grade",
    "Records the grade of the answer.",
    {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string", "description": "two to four sentences: what is right, missing, wrong"},
            "unsure": {"type": "boolean", "description": "true when a person should look at it"},
            "score": {"type": "integer", "minimum": 1, "maximum": 10, "description": "the grade by the rubric"},
        },
        "required": ["reasoning", "score"],
    },
)


class Correctness(Metric):
    """The grade by the rubric in tuner/evaluation/judging/rubric.md."""

    name = "correctness"
    measures = METRICS["correctness"]
    needs_judge = True

    def requests(self, items: Sequence[GradedItem], judge: Judge) -> list[Request]:
        """A request for each answer."""
        return [
            _request(items[index], judge.shown(items[index].answers[name] or "")) for name, index in _answered(items)
        ]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Asks every judge for a grade of every answer."""
        judges = context.judges
        names = contestants_of(items)
        judgments = ask_judges(judges, lambda judge: self.requests(items, judge))
        given = {place: [found[at] for found in judgments] for at, place in enumerate(_answered(items))}
        scores = [_scores(judges, {name: given.get((name, i)) for name in names}) for i in range(len(items))]
        return Grades(
            {name: [each[name] for each in scores] for name in names},
            facts_of(judges, judgments),
            counts_of(judges, judgments),
            judge_counts=counts_by_judge(judges, judgments),
        )


def _answered(items: Sequence[GradedItem]) -> list[tuple[ContestantName, int]]:
    """Which contestant answered which item."""
    places = [(name, index) for name in contestants_of(items) for index in range(len(items))]
    return [(name, index) for name, index in places if items[index].answers[name] is not None]


def _request(item: GradedItem, answer: str) -> Request:
    text = tagged(question=item.question, reference=item.references, answer=answer)
    return Request(instructions("rubric.md"), text, GRADE, _problem, GradeArguments)


def _problem(arguments: JsonValue) -> str | None:
    """What is wrong with a grade. A float, a text such as "8/10" and a number outside 1 to 10 are not grades."""
    if not isinstance(arguments, dict):
        return "it must be an object with score and reasoning."
    score, reasoning = arguments.get("score"), arguments.get("reasoning")
    # In Python, `True` is an integer too.
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 10:
        return f"score must be a whole number from 1 to 10, not {str(score)[:40]!r}."
    if not isinstance(reasoning, str) or not reasoning.strip():
        return "reasoning must be a text of two to four sentences."
    return None


def _scores(
    judges: Sequence[Judge], judgments: Mapping[ContestantName, Sequence[Judgment] | None]
) -> dict[ContestantName, AnswerScores]:
    """The scores of the answers to one question. None: there is no answer."""
    grades = {name: [_grade(judgment) for judgment in given] for name, given in judgments.items() if given}
    values = pooled(grades)
    scores = dict.fromkeys(judgments, AnswerScores(measures={"correctness": None}))
    for name, given in judgments.items():
        if given:
            scores[name] = _answer_scores(judges, given, values[name])
    return scores


def _answer_scores(judges: Sequence[Judge], judgments: Sequence[Judgment], value: Number | None) -> AnswerScores:
    # Members that do not apply to the answer are not set, so that the file does not have them.
    members: dict[str, object] = {}
    if len(judges) > 1:
        grades = map(_grade, judgments)
        members["judge_grades"] = {judge.model: grade for judge, grade in zip(judges, grades, strict=True)}
    reasons = [judgment.arguments.reasoning if judgment.arguments else None for judgment in judgments]
    if reasoning := said_by(judges, reasons):
        members["reasoning"] = reasoning
    if value is None:
        problems = [judgment.problem for judgment in judgments]
        members["problem"] = said_by(judges, problems) or "no judge graded all answers to the question"
    if any(isinstance(each.arguments, GradeArguments) and each.arguments.unsure for each in judgments):
        members["unsure"] = True
    return AnswerScores(measures={"correctness": value}, **members)


def _grade(judgment: Judgment) -> Number | None:
    return judgment.arguments.score if isinstance(judgment.arguments, GradeArguments) else None
