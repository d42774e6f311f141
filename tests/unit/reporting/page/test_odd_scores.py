"""Edge cases of scores: one question, equal or missing scores, very long and empty answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.page.test_page import Tags
from tests.unit.reporting.sample import artifacts
from tuner.artifacts.evaluation.measure_scores import Slices
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.core.artifact_keys import Keys
from tuner.core.text_sanitizer import readable
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.scores import summarize
from tuner.reporting import build, notification_subject, notification_text, page
from tuner.reporting.page.slices_table import slices_sentence


def told(folder_of: FolderOf, records: list[dict[str, Any]]) -> str:
    """What page and notification say of a run with these scores."""
    things = artifacts()
    questions = things[Keys.EVALUATION].splitlines(keepends=True)[: len(records)]
    things[Keys.EVALUATION] = b"".join(questions)
    graded = tuple(QuestionScores.model_validate(record) for record in records)
    things[Keys.SCORES] = summarize(Graded(graded, {}, {})).to_json()
    report = build(folder_of(things), at=AT)
    assert notification_subject(report)
    return "".join(Tags(page(report)).text) + notification_text(report)


def record(at: int, base: float | None, tuned: float | None) -> dict[str, Any]:
    def values(score: float | None) -> dict[str, Any]:
        return {"correctness": score} if score is not None else {"failed": True, "correctness": None}

    return {"id": f"q{at:04d}", "base": values(base), "tuned": values(tuned)}


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([record(0, 2, 9)], "1 question cannot show any difference; at least 6 are needed"),
        ([record(at, 5, 5) for at in range(8)], "Undecided"),
        ([record(at, None, None) for at in range(8)], "Undecided"),
        ([record(at, 2 + at % 2, None) for at in range(8)], "the tuned model gave no answer to 8 of 8 questions"),
        ([{"id": f"q{at:04d}", "base": {}, "tuned": {}} for at in range(8)], "no question has a score"),
        ([{"id": "q0000", "base": {"correctness": None}, "tuned": {"correctness": 3}}], "no question has a"),
    ],
    ids=["one", "equal", "none given", "tuned gave none", "nothing measured", "verdicts missing"],
)  # fmt: skip
def test_scores_at_the_edge_have_a_verdict(folder_of: FolderOf, records: list[dict[str, Any]], says: str) -> None:
    assert says in told(folder_of, records)


@pytest.mark.parametrize("text", ["", " \n", "x" * 100_000, "\x00\x1b[31m\ufffe", "<|im_start|>", "שלום עולם"])
def test_odd_answers_are_shown(folder_of: FolderOf, text: str) -> None:
    things = artifacts()
    lines = [json.loads(line) for line in things[Keys.answers("tuned", 0)].splitlines()]
    lines[0]["answer"] = text
    things[Keys.answers("tuned", 0)] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    shown = "".join(Tags(page(build(folder_of(things), at=AT))).text)
    assert (readable(text) if text.strip() else "An empty answer.") in shown


def test_slices_without_scores_have_no_result() -> None:
    assert slices_sentence(Slices(field="topic", values=9), None, []) == "There is no result by topic."
