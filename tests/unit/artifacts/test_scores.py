"""The form of scores.json: members of the file, and the rule for failed answers."""

import json
from typing import Any

import pytest

from tuner.artifacts.contestants import BASE, TUNED
from tuner.artifacts.scores import AnswerScores, MeasureScores, QuestionScores, Scores

CORRECTNESS = MeasureScores(label="Correctness", range=(1, 10), better="higher")
LENGTH = MeasureScores(label="Length in words", range=None, better=None)
LOWER_IS_BETTER = MeasureScores(label="Errors", range=(0, 5), better="lower")

FILE: dict[str, Any] = {
    "schema_version": 1,
    "verdict": {"value": "better", "sentence": "The tuned model is better.", "metric": "correctness"},
    "metrics": {
        "correctness": {
            "label": "Correctness (judge)",
            "range": [1.0, 10.0],
            "better": "higher",
            "base": {"mean": 4.5, "n": 8, "failed": 0},
            "tuned": {"mean": 7.0, "n": 8, "failed": 1},
            "difference": 2.5,
            "comparison": {"n": 8, "interval": [1.0, 4.0]},
        }
    },
    "questions": [
        {
            "id": "q0",
            "base": {"reasoning": "Right.", "correctness": 4, "rouge_l": 0.5},
            "tuned": {"failed": True, "correctness": None},
            "reference": {"style_words": 3},
            "outcome": "loss",
        }
    ],
}


def test_a_file_is_written_as_it_was_read_without_members_that_it_never_had() -> None:
    assert json.loads(Scores.model_validate(FILE).to_json()) == FILE


def test_contestants_and_measures_are_dictionaries_in_python() -> None:
    scores = Scores.model_validate(FILE)
    assert scores.metrics["correctness"].by_contestant[TUNED].mean == 7.0
    [record] = scores.questions
    assert record.of(BASE).measures == {"correctness": 4, "rouge_l": 0.5}
    assert record.of(TUNED).failed


def test_a_text_that_this_version_does_not_know_is_not_a_measure() -> None:
    scores = AnswerScores.model_validate({"correctness": 5, "new_reasoning": "A text.", "new_flag": True})
    assert scores.measures == {"correctness": 5}


@pytest.mark.parametrize(
    ("answer", "scores", "counted"),
    [
        ({"correctness": 7}, CORRECTNESS, 7),
        ({"failed": True, "correctness": None}, CORRECTNESS, 1),
        ({"failed": True, "correctness": None}, LOWER_IS_BETTER, 5),
        ({"correctness": None}, CORRECTNESS, None),
        ({"failed": True}, CORRECTNESS, None),
        ({"failed": True, "correctness": None}, LENGTH, None),
        ({"failed": True, "correctness": 3}, CORRECTNESS, 3),
    ],
    ids=[
        "scored",
        "failed",
        "failed where lower is better",
        "no score could be made",
        "failed, but the measure does not apply",
        "failed, but the measure only describes",
        "failed, but scored",
    ],
)
def test_a_failed_answer_counts_as_the_worst(
    answer: dict[str, Any], scores: MeasureScores, counted: float | None
) -> None:
    assert AnswerScores.model_validate(answer).counted("correctness", scores.worst) == counted


def test_the_gain_is_positive_where_the_tuned_answer_is_better() -> None:
    record = QuestionScores.model_validate(
        {"id": "q0", "base": {"m": 4}, "tuned": {"failed": True, "m": None}},
    )
    assert record.gain("m", CORRECTNESS) == -3
    assert record.gain("m", LOWER_IS_BETTER) == -1
    assert record.gain("m", LENGTH) is None
    assert record.gain("other", CORRECTNESS) is None
    assert record.difference("m") is None
