"""Which of the two answers the judge prefers, asked in both orders.

Judges favour a position (Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", 2023, section 3.4): a
preference that does not survive the swap is a tie. How often that happened, and how often the longer answer won, is
counted, so that a reader can see how far to trust it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.aws.bedrock.tool_call import Tool
from tuner.catalog.metrics import METRICS
from tuner.evaluation.judging.judge import Request, Verdict, instructions, tagged
from tuner.evaluation.metrics.base import Equipment, Grades, Metric, Values
from tuner.evaluation.samples import Question

PREFER = Tool(
    "prefer",
    "Records which answer is preferred.",
    {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string", "description": "two or three sentences: what tells the answers apart"},
            "preferred": {"type": "integer", "enum": [0, 1, 2], "description": "1, 2, or 0 when they are equal"},
        },
        "required": ["reasoning", "preferred"],
    },
)
_ORDERS: tuple[tuple[ContestantName, ContestantName], ...] = (("base", "tuned"), ("tuned", "base"))


class Preference(Metric):
    """1 for the answer that is preferred in both orders, 0 for the other; a half each for a tie."""

    name = "preference"
    measures = METRICS["preference"]
    needs_judge = True

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Asks twice about every question that both models answered."""
        judge = equipment.judge
        if judge is None:
            raise ValueError("preference needs a judge")
        both = [index for index, question in enumerate(questions) if None not in question.answers.values()]
        requests = [_request(questions[index], order) for index in both for order in _ORDERS]
        verdicts = judge.judge(requests)
        asked = {index: verdicts[2 * place : 2 * place + 2] for place, index in enumerate(both)}
        pairs = [_values(question, asked.get(index)) for index, question in enumerate(questions)]
        counts = {**judge.counts(verdicts), **_habits(questions, asked)}
        return Grades({model: [pair[model] for pair in pairs] for model in CONTESTANTS}, judge.about(verdicts), counts)


def _request(question: Question, order: tuple[ContestantName, ContestantName]) -> Request:
    first, second = (question.answers[model] or "" for model in order)
    text = tagged(question=question.question, reference=question.reference, answer_1=first, answer_2=second)
    return Request(instructions("preference.md"), text, PREFER, _problem)


def _problem(arguments: Any) -> str | None:
    if not isinstance(arguments, dict):
        return "it must be an object with preferred and reasoning."
    preferred, reasoning = arguments.get("preferred"), arguments.get("reasoning")
    if isinstance(preferred, bool) or not isinstance(preferred, int) or preferred not in (0, 1, 2):
        return f"preferred must be 0, 1 or 2, not {str(preferred)[:40]!r}."
    if not isinstance(reasoning, str) or not reasoning.strip():
        return "reasoning must be a text of two or three sentences."
    return None


def _choice(verdict: Verdict, order: tuple[ContestantName, ContestantName]) -> ContestantName | None:
    preferred = verdict.arguments["preferred"] if verdict.arguments else 0
    return order[preferred - 1] if preferred else None


def _winner(verdicts: Sequence[Verdict]) -> ContestantName | None:
    first, second = (_choice(verdict, order) for verdict, order in zip(verdicts, _ORDERS, strict=True))
    return first if first == second else None


def _values(question: Question, verdicts: Sequence[Verdict] | None) -> dict[ContestantName, Values]:
    if verdicts is None:  # a model that gave no answer loses against one that did
        return {model: {"preference": 1.0 if question.answers[model] is not None else None} for model in CONTESTANTS}
    missing = [verdict.problem for verdict in verdicts if verdict.arguments is None]
    if missing:
        return {model: {"preference": None, "preference_problem": missing[0]} for model in CONTESTANTS}
    winner = _winner(verdicts)
    reasoning = str((verdicts[0].arguments or {})["reasoning"])
    values: dict[ContestantName, Values] = {
        model: {"preference": 0.5 if winner is None else float(model == winner)} for model in CONTESTANTS
    }
    values["tuned"]["preference_reasoning"] = f"(answer 1 is the {_ORDERS[0][0]} model's) {reasoning}"
    return values


def _habits(questions: Sequence[Question], asked: dict[int, list[Verdict]]) -> dict[str, int]:
    """Compared questions, how many verdicts flipped with the order, and how many winners were the longer answer."""
    whole = {index: pair for index, pair in asked.items() if all(verdict.arguments for verdict in pair)}
    choices = [[_choice(v, order) for v, order in zip(pair, _ORDERS, strict=True)] for pair in whole.values()]
    winners = {index: _winner(pair) for index, pair in whole.items()}
    return {
        "compared": len(whole),
        "flipped": sum(None not in pair and pair[0] != pair[1] for pair in choices),
        "decided": sum(winner is not None for winner in winners.values()),
        "longer_won": sum(_is_longer(questions[index], winner) for index, winner in winners.items() if winner),
    }


def _is_longer(question: Question, winner: ContestantName) -> bool:
    other = next(model for model in CONTESTANTS if model != winner)
    return len(question.answers[winner] or "") > len(question.answers[other] or "")
