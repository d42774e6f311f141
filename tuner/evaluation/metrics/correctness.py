"""Correctness from 1 to 10, by an LLM judge with the reference in hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS
from tuner.aws.bedrock.tool_call import Tool
from tuner.catalog.metrics import METRICS
from tuner.evaluation.judging.judge import Request, Verdict, instructions, tagged
from tuner.evaluation.metrics.base import Equipment, Grades, Metric, Values
from tuner.evaluation.samples import Question

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
    """What a careful reader would grade; see rubric.md."""

    name = "correctness"
    measures = METRICS["correctness"]
    needs_judge = True

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Asks for a verdict on every answer there is."""
        judge = equipment.judge
        if judge is None:
            raise ValueError("correctness needs a judge")
        places = [(model, index) for model in CONTESTANTS for index in range(len(questions))]
        asked = [place for place in places if questions[place[1]].answers[place[0]] is not None]
        requests = [_request(questions[index], questions[index].answers[model] or "") for model, index in asked]
        verdicts = dict(zip(asked, judge.judge(requests), strict=True))
        values = {model: [_values(verdicts.get((model, i))) for i in range(len(questions))] for model in CONTESTANTS}
        return Grades(values, judge.about(verdicts.values()), judge.counts(verdicts.values()))


def _request(question: Question, answer: str) -> Request:
    text = tagged(question=question.question, reference=question.reference, answer=answer)
    return Request(instructions("rubric.md"), text, GRADE, _problem)


def _problem(arguments: Any) -> str | None:
    """What is wrong with a verdict. A float, a text like "8/10" and a number off the scale are not grades."""
    if not isinstance(arguments, dict):
        return "it must be an object with score and reasoning."
    score, reasoning = arguments.get("score"), arguments.get("reasoning")
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 10:
        return f"score must be a whole number from 1 to 10, not {str(score)[:40]!r}."
    if not isinstance(reasoning, str) or not reasoning.strip():
        return "reasoning must be a text of two to four sentences."
    return None


def _values(verdict: Verdict | None) -> Values:
    if verdict is None:
        return {"correctness": None}
    if verdict.arguments is None:
        return {"correctness": None, "problem": verdict.problem}
    doubt: Values = {"unsure": True} if verdict.arguments.get("unsure") is True else {}
    return {"correctness": verdict.arguments["score"], "reasoning": verdict.arguments["reasoning"], **doubt}
