"""What a dataset's check says about its evaluation questions before anything is asked."""

import numpy as np
import pytest

from tuner.artifacts.dataset import DatasetSummary, QuestionGroups
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.planning import planning_sentence, smallest_detectable_in_spreads


def summary(questions: int, groups: int | None = None) -> DatasetSummary:
    found = None if groups is None else QuestionGroups(by="document", questions=questions, groups=groups)
    return DatasetSummary(training_records=1, validation_records=0, evaluation_records=questions, groups=found)


@pytest.mark.parametrize("units", [6, 8, 40, 500])
def test_the_difference_is_the_one_that_the_report_names_for_a_spread_of_one(units: int) -> None:
    gains = np.random.default_rng(units).normal(size=units)
    gains /= gains.std(ddof=1)
    found = compare([0.0] * units, gains.tolist())
    assert smallest_detectable_in_spreads(units) == pytest.approx(found.smallest_detectable)


def test_groups_count_and_not_questions() -> None:
    sentence = planning_sentence(summary(64, 8))
    assert sentence is not None
    assert sentence.startswith("With 64 evaluation questions from 8 documents, a mean difference of about 1.2")
    assert "standard deviation of 2 points from group to group" in sentence
    alone = planning_sentence(summary(64))
    assert alone is not None
    assert "about 0.36 standard deviations" in alone and "from question to question" in alone


@pytest.mark.parametrize(
    ("questions", "groups", "says"),
    [
        (5, None, "5 evaluation questions cannot show any difference between the models: at least 6 questions are"),
        (
            60,
            3,
            "60 evaluation questions from 3 documents cannot show any difference between the models: at least",
        ),
    ],
)
def test_too_few_questions_or_groups_are_said_to_show_nothing(questions: int, groups: int | None, says: str) -> None:
    assert (planning_sentence(summary(questions, groups)) or "").startswith(says)


def test_questions_that_are_to_be_generated_are_not_known() -> None:
    assert planning_sentence(summary(0)) is None
