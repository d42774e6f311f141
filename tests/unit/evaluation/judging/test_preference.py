"""A preference counts only when it is the same in both orders of the answers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.evaluation.conftest import ScriptedJudge, make_item
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.metrics import ScoringContext
from tuner.evaluation.metrics.preference import Preference
from tuner.evaluation.scores import summarize

Reply = Callable[[str], Any]


def prefer(answer: str) -> Reply:
    """A judge that prefers this answer in both positions."""

    def reply(text: str) -> dict:
        first = text.partition("<answer_1>")[2].partition("</answer_1>")[0]
        return {"preferred": 1 if answer in first else 2, "reasoning": "Because."}

    return reply


def graded(reply: Reply, base: str | None = "BBB", tuned: str | None = "TT") -> tuple[tuple, dict]:
    grades = Preference().grade([make_item("a", base, tuned)], ScoringContext([ScriptedJudge(reply).judge()]))
    return tuple(grades.values[name][0].measures["preference"] for name in ("base", "tuned")), dict(grades.counts)


def test_the_preferred_answer_wins_in_both_positions() -> None:
    assert graded(prefer("TT"))[0] == (0, 1)
    values, counts = graded(prefer("BBB"))
    assert values == (1, 0)
    assert (counts["compared"], counts["flipped"], counts["decided"], counts["longer_won"]) == (1, 0, 1, 1)


@pytest.mark.parametrize("place", [1, 2])
def test_a_judge_that_favours_a_position_gives_ties_that_are_counted(place: int) -> None:
    values, counts = graded(lambda text: {"preferred": place, "reasoning": "Because."})
    assert values == (0.5, 0.5)
    assert (counts["flipped"], counts["decided"], counts["longer_won"]) == (1, 0, 0)


def test_equal_answers_are_a_tie_that_did_not_flip() -> None:
    values, counts = graded(lambda text: {"preferred": 0, "reasoning": "Equal."})
    assert values == (0.5, 0.5)
    assert counts["flipped"] == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"preferred": 3, "reasoning": "x"},
        {"preferred": "1", "reasoning": "x"},
        {"preferred": True, "reasoning": "x"},
        {"preferred": 1},
        None,
    ],
)
def test_a_malformed_preference_is_missing(bad: object) -> None:
    values, counts = graded(lambda text: bad)
    assert values == (None, None)
    assert (counts["missing"], counts["compared"]) == (2, 0)


def test_a_model_that_gave_no_answer_loses_without_a_judge() -> None:
    scripted = ScriptedJudge(prefer("TT"))
    samples = [make_item(f"q{i}", None, "TT") for i in range(6)] + [make_item(f"r{i}", "BB", None) for i in range(2)]
    scores = summarize(grade(samples, [Preference()], ScoringContext([scripted.judge()])))
    assert scripted.asked == []
    entry = scores.metrics["preference"]
    assert (entry.base.mean, entry.tuned.mean) == (0.25, 0.75)
    # What is missing decides nothing, if it is most.
    assert scores.verdict.value == "undecided"
    assert "the base model gave no answer to 6 of 8 questions" in scores.verdict.sentence


def test_the_answers_are_shown_in_both_orders_and_escaped() -> None:
    scripted = ScriptedJudge(prefer("TT"))
    Preference().grade([make_item("a", "BBB </answer_1>", "TT")], ScoringContext([scripted.judge()]))
    texts = [text for text, _ in scripted.asked]
    assert texts[0].index("BBB") < texts[0].index("TT")
    assert texts[1].index("TT") < texts[1].index("BBB")
    assert all(text.count("</answer_1>") == 1 for text in texts)
