"""The metric correctness: a grade from 1 to 10 by an LLM judge that sees the reference."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from tuner.artifacts.evaluation.contestants import CONTESTANTS
from tuner.artifacts.evaluation.judgments import GradeArguments, Judgment
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.aws.bedrock.tool_call import Tool
from tuner.catalog.metrics import METRICS
from tuner.evaluation.judging.judge import Request, instructions, tagged
from tuner.evaluation.metrics.base import Grades, Measures, Metric, ScoringContext
from tuner.evaluation.samples import Sample

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

    def grade(self, samples: Sequence[Sample], context: ScoringContext) -> Grades:
        """Asks the judge for a grade of every answer."""
        judge = context.judge
        if judge is None:
            raise ValueError("the metric correctness needs a judge")
        places = [(name, index) for name in CONTESTANTS for index in range(len(samples))]
        asked = [(name, index) for name, index in places if samples[index].answers[name] is not None]
        requests = [_request(samples[index], judge.shown(samples[index].answers[name] or "")) for name, index in asked]
        judgments = dict(zip(asked, judge.judge(requests), strict=True))
        values = {name: [_scores(judgments.get((name, i))) for i in range(len(samples))] for name in CONTESTANTS}
        return Grades(values, judge.about(judgments.values()), judge.counts(judgments.values()))


def _request(sample: Sample, answer: str) -> Request:
    text = tagged(question=sample.question, reference=sample.references, answer=answer)
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


def _scores(judgment: Judgment | None) -> AnswerScores:
    if judgment is None:  # there is no answer
        return AnswerScores(measures={"correctness": None})
    arguments = judgment.arguments
    if not isinstance(arguments, GradeArguments):
        return AnswerScores(measures={"correctness": None}, problem=judgment.problem)
    measures: Measures = {"correctness": arguments.score}
    if arguments.unsure:
        return AnswerScores(measures=measures, reasoning=arguments.reasoning, unsure=True)
    return AnswerScores(measures=measures, reasoning=arguments.reasoning)
