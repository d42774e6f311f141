"""The metric preference: which of two answers an LLM judge prefers. The judge is asked in both orders.

Judges favour a position (Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", 2023, section 3.4).
When the preference changes with the order, it is a tie. The metric counts how often that happened and how often the
longer answer won, so that a reader can see how much to trust the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName
from tuner.artifacts.evaluation.judgments import Judgment, PreferenceArguments
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.aws.bedrock.tool_call import Tool
from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.judging.judge import Judge, Request, instructions, tagged
from tuner.evaluation.judging.several_judges import ask_judges, counts_by_judge, counts_of, facts_of, pooled, said_by
from tuner.evaluation.metrics.base import Grades, Metric, ScoringContext

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
Order = tuple[ContestantName, ContestantName]
_BIAS = ("compared", "flipped", "decided", "longer_won")
_ORDERS: tuple[Order, ...] = ((BASE, TUNED), (TUNED, BASE))


class Preference(Metric):
    """1 for the answer that is preferred in both orders and 0 for the other one; 0.5 for both when it is a tie."""

    name = "preference"
    measures = METRICS["preference"]
    needs_judge = True

    def requests(self, items: Sequence[GradedItem], judge: Judge) -> list[Request]:
        """A request in each order for every question that both models answered."""
        return [_request(items[index], order, judge) for index in _answered(items) for order in _ORDERS]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Asks every judge twice about every question that both models answered."""
        judges = context.judges
        judgments = ask_judges(judges, lambda judge: self.requests(items, judge))
        by_item = [
            {index: given[2 * place : 2 * place + 2] for place, index in enumerate(_answered(items))}
            for given in judgments
        ]
        pairs = [
            _scores(item, judges, [found[index] for found in by_item if index in found])
            for index, item in enumerate(items)
        ]
        bias = sum((Counter(_bias_counts(items, found)) for found in by_item), Counter())
        return Grades(
            {name: [pair[name] for pair in pairs] for name in MAIN},
            facts_of(judges, judgments),
            {**counts_of(judges, judgments), **{name: bias[name] for name in _BIAS}},
            judge_counts=counts_by_judge(judges, judgments),
        )


def _answered(items: Sequence[GradedItem]) -> list[int]:
    """The items that both models answered."""
    return [index for index, item in enumerate(items) if None not in (item.answers[name] for name in MAIN)]


def _request(item: GradedItem, order: Order, judge: Judge) -> Request:
    first, second = (judge.shown(item.answers[name] or "") for name in order)
    text = tagged(question=item.question, reference=item.references, answer_1=first, answer_2=second)
    return Request(instructions("preference.md"), text, PREFER, _problem, PreferenceArguments)


def _problem(arguments: JsonValue) -> str | None:
    """What is wrong with a preference."""
    if not isinstance(arguments, dict):
        return "it must be an object with preferred and reasoning."
    preferred, reasoning = arguments.get("preferred"), arguments.get("reasoning")
    if isinstance(preferred, bool) or not isinstance(preferred, int) or preferred not in (0, 1, 2):
        return f"preferred must be 0, 1 or 2, not {str(preferred)[:40]!r}."
    if not isinstance(reasoning, str) or not reasoning.strip():
        return "reasoning must be a text of two or three sentences."
    return None


def _choice(judgment: Judgment, order: Order) -> ContestantName | None:
    arguments = judgment.arguments
    preferred = arguments.preferred if isinstance(arguments, PreferenceArguments) else 0
    return order[preferred - 1] if preferred else None


def _winner(judgments: Sequence[Judgment]) -> ContestantName | None:
    first, second = (_choice(judgment, order) for judgment, order in zip(judgments, _ORDERS, strict=True))
    return first if first == second else None


def _scores(
    item: GradedItem, judges: Sequence[Judge], judgments: Sequence[Sequence[Judgment]]
) -> dict[ContestantName, AnswerScores]:
    """The scores of both answers, from the judgments of each judge in both orders; none where an answer is missing."""
    if not judgments:  # an answer wins against no answer
        won = {name: None if item.answers[name] is None else 1.0 for name in MAIN}
        return {name: AnswerScores(measures={"preference": value}) for name, value in won.items()}
    given = {name: [_value(pair, name) for pair in judgments] for name in MAIN}
    values = pooled(given)
    scores = {}
    for name in MAIN:
        # Members that do not apply to the answer are not set, so that the file does not have them.
        members: dict[str, object] = {"characters": len(item.answers[name] or "")}
        if len(judges) > 1:
            members["judge_preferences"] = {judge.model: each for judge, each in zip(judges, given[name], strict=True)}
        if values[name] is None:
            members["preference_problem"] = said_by(judges, [_first_problem(pair) for pair in judgments])
        scores[name] = AnswerScores(measures={"preference": values[name]}, **members)
    reasons = [pair[0].arguments.reasoning if _is_usable(pair) and pair[0].arguments else None for pair in judgments]
    if any(reasons):
        # The judge calls the answers 1 and 2: a reader must know which one is which.
        said = f"(answer 1 is the {_ORDERS[0][0]} model's) {said_by(judges, reasons)}"
        scores[TUNED] = scores[TUNED].joined(AnswerScores(preference_reasoning=said))
    return scores


def _value(judgments: Sequence[Judgment], contestant: ContestantName) -> float | None:
    """What one judge says of an answer: 1 if it is preferred in both orders, 0 if the other one is, 0.5 for a tie."""
    if not _is_usable(judgments):
        return None
    winner = _winner(judgments)
    return 0.5 if winner is None else float(contestant == winner)


def _is_usable(judgments: Sequence[Judgment]) -> bool:
    return all(judgment.arguments for judgment in judgments)


def _first_problem(judgments: Sequence[Judgment]) -> str | None:
    return next((judgment.problem for judgment in judgments if judgment.arguments is None), None)


def _bias_counts(items: Sequence[GradedItem], judgments: Mapping[int, Sequence[Judgment]]) -> dict[str, int]:
    """Compared questions, how many preferences changed with the order, and how many winners were the longer answer."""
    usable = {index: pair for index, pair in judgments.items() if _is_usable(pair)}
    choices = [[_choice(j, order) for j, order in zip(pair, _ORDERS, strict=True)] for pair in usable.values()]
    winners = {index: _winner(pair) for index, pair in usable.items()}
    return {
        "compared": len(usable),
        "flipped": sum(None not in pair and pair[0] != pair[1] for pair in choices),
        "decided": sum(winner is not None for winner in winners.values()),
        "longer_won": sum(_is_longer(items[index], winner) for index, winner in winners.items() if winner),
    }


def _is_longer(item: GradedItem, winner: ContestantName) -> bool:
    loser = next(name for name in MAIN if name != winner)
    return len(item.answers[winner] or "") > len(item.answers[loser] or "")
