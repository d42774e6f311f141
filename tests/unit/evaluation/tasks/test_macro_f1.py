"""Macro F1 equals scikit-learn's, and its interval keeps its word."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.evaluation.statistics.macro_f1 import compare_macro_f1, macro_f1

# Four labels of unequal frequency. The figures are scikit-learn 1.9.1's:
# f1_score(expected, answered, labels=sorted(set(expected)), average="macro", zero_division=0).
CODES = {"b": "billing", "r": "returns", "d": "delivery", "a": "account", "u": "unknown"}
EXPECTED = "brbrbbbbbbbbabdbbdbrabdabbbdbbdardbbadbbbdbbaddbbbdbddbdrrdb"
BASE = "drdabbbbbbbrabddddbrbadbddbdabdarrbbarrbbdbbadabbubbrabbrdua"
TUNED = "brbrbdarbbbbaddbbdbrardarbbrrrdardbbarbbbrdarddbabdbddadrrdb"


def labels(codes: str) -> list[str]:
    return [CODES[code] for code in codes]


def test_macro_f1_equals_scikit_learns() -> None:
    assert len(EXPECTED) == len(BASE) == len(TUNED) == 60
    assert macro_f1(labels(EXPECTED), labels(BASE)) == pytest.approx(0.5600574712643678)
    assert macro_f1(labels(EXPECTED), labels(TUNED)) == pytest.approx(0.7039682539682539)


def test_macro_f1_by_hand() -> None:
    # a: 1 of 2 found, once more said: P 1/2, R 1/2. b: P 1/2, R 1. c: never said.
    assert macro_f1(["a", "a", "b", "c"], ["a", "b", "b", "a"]) == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


def test_an_answer_that_is_no_label_is_wrong_and_is_no_label_of_the_mean() -> None:
    assert macro_f1(["a", "b"], [None, "b"]) == 0.5
    assert macro_f1(["a", "b"], ["something else", "b"]) == 0.5


def test_both_models_are_measured_over_the_same_labels() -> None:
    """A label that no reference has lowers the recall of another one, and adds none to the mean."""
    assert macro_f1(["a", "a", "b"], ["a", "c", "b"]) == pytest.approx((2 / 3 + 1) / 2)


def test_the_difference_is_that_of_the_two_values_and_repeatable() -> None:
    first = compare_macro_f1(labels(EXPECTED), labels(BASE), labels(TUNED), seed=3)
    assert first == compare_macro_f1(labels(EXPECTED), labels(BASE), labels(TUNED), seed=3)
    difference, base_error, tuned_error = first
    assert difference.mean == pytest.approx(0.7039682539682539 - 0.5600574712643678)
    low, high = difference.interval or (0, 0)
    assert low < (difference.mean or 0) < high
    assert base_error
    assert tuned_error
    assert (difference.wins, difference.ties, difference.losses, difference.sign_test_p) == (0, 0, 0, None)


def test_equal_answers_are_no_difference_and_few_questions_have_no_interval() -> None:
    same, _, _ = compare_macro_f1(labels(EXPECTED), labels(BASE), labels(BASE))
    assert same.mean == 0
    assert same.interval == (0, 0)
    few, *_ = compare_macro_f1(["a", "b", "a"], ["a", "a", "a"], ["a", "b", "a"])
    assert few.interval is None
    assert few.mean


@pytest.mark.slow
def test_the_interval_is_that_of_resampled_questions() -> None:
    """The counts of cells are drawn for speed. Drawing the questions themselves gives the same spread."""
    expected, base, tuned = labels(EXPECTED), labels(BASE), labels(TUNED)
    generator = np.random.default_rng(1)
    drawn = []
    for _ in range(2_000):
        rows = generator.integers(len(expected), size=len(expected))
        one, other, reference = ([each[row] for row in rows] for each in (base, tuned, expected))
        drawn.append((macro_f1(reference, other) or 0) - (macro_f1(reference, one) or 0))
    difference, _, _ = compare_macro_f1(expected, base, tuned)
    assert difference.standard_error == pytest.approx(float(np.std(drawn, ddof=1)), rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("questions", [12, 40])
@pytest.mark.thorough
def test_equal_models_are_rarely_called_different(questions: int) -> None:
    """Two models that are right equally often, on labels of unequal frequency: about one in twenty differs."""
    generator = np.random.default_rng(questions)
    names = np.array(["a", "b", "c", "d"])
    differs = 0
    for number in range(200):
        expected = generator.choice(names, size=questions, p=[0.5, 0.2, 0.2, 0.1])
        answers = [
            np.where(generator.random(questions) < 0.7, expected, generator.choice(names, size=questions))
            for _ in range(2)
        ]
        base, tuned = (answer.tolist() for answer in answers)
        difference, _, _ = compare_macro_f1(expected.tolist(), base, tuned, seed=number)
        differs += difference.differs
    assert differs <= 18  # 10 are expected; more than 18 have a probability below one percent
