"""The form of scores.json: members of the file, and the rule for failed answers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.bedrock.tool_call import ToolReply
from tuner.catalog.metrics import METRICS
from tuner.core.strict_model import Json
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.scores import summarize
from tuner.settings import JudgeSettings
from tuner.settings.run.scorer import ScorerSettings

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


@pytest.mark.parametrize("name", sorted(AnswerScores.model_fields))
def test_a_measure_cannot_have_the_name_of_a_member(name: str) -> None:
    """In the file, measures are beside the members: one of them would be lost."""
    with pytest.raises(ValidationError, match=f"a measure cannot be called '{name}'"):
        AnswerScores(measures={name: None})


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


def test_the_documentation_shows_every_member_of_the_file() -> None:
    page = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text("utf-8")
    example = page.partition("```json5")[2].partition("```")[0]
    document = json.loads(re.sub(r"\s+//.*", "", example))
    assert set(document) == set(Scores.model_fields)
    assert Scores.model_validate(document).metrics["correctness"].tuned.mean is None


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_what_a_metric_says_about_itself_has_a_member(metric: str) -> None:
    """Facts without a member of `Scores` would be lost."""
    sample = GradedItem("q0", "What is it?", "It is so.", dict.fromkeys(MAIN, "It is so."))
    judge = Judge("us.anthropic.claude-sonnet-4-6", JudgeSettings(), ask=_reply)
    [plugin] = chosen([metric])
    reply: Json = [{"id": "q0", "aggregate_reward_score": 1}]
    scorer = ScoringFunction("check", ScorerSettings(name="check"), lambda *_: reply)
    context = ScoringContext([judge], language="en", scorer=scorer)
    grades = plugin.grade([sample], context)
    facts = {**grades.about.model_dump(exclude_unset=True), **grades.counts}
    details: dict[str, Any] = {**summarize(grade([sample], [plugin], context)).to_document()}
    assert set(facts) <= set(details.get("judge" if metric == "correctness" else metric, {}))
    assert set(facts) or metric in ("rouge", "style", "exact_match", "token_f1", "classification")


def _reply(*_: object) -> ToolReply:
    return ToolReply({"score": 5, "preferred": 1, "reasoning": "So."}, "", "tool_use", 10, 5)
