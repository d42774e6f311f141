"""Kappa against scikit-learn, alpha against krippendorff, and their intervals in simulations."""

import json

import numpy as np
import pytest

from tests.unit.evaluation.statistics.oracle_figures import FIGURES
from tuner.evaluation.statistics import agreement_coefficients
from tuner.evaluation.statistics.agreement_coefficients import alpha, weighted_kappa
from tuner.reporting.formatting import alpha_in_words, kappa_in_words

CASES = json.loads(FIGURES.read_text("utf-8"))["agreement"]


@pytest.mark.parametrize("case", CASES)
def test_kappa_equals_scikit_learns_and_alpha_krippendorffs(case: dict) -> None:
    one, other, third = case["raters"]
    kappa = weighted_kappa([[pair] for pair in zip(one, other, strict=True)])
    assert kappa.value == pytest.approx(case["kappa"], abs=1e-6)
    scores = [[[value for value in answer if value is not None]] for answer in zip(one, other, third, strict=True)]
    assert alpha(scores).value == pytest.approx(case["alpha"], abs=1e-6)


def test_answers_of_one_question_are_the_same_as_answers_of_several() -> None:
    pairs = [(1.0, 2.0), (5.0, 5.0), (9.0, 7.0), (3.0, 3.0)]
    together, alone = weighted_kappa([pairs[:2], pairs[2:]]), weighted_kappa([[pair] for pair in pairs])
    assert together.value == pytest.approx(alone.value)


def test_a_question_counts_for_as_many_as_it_stands_for() -> None:
    questions = [[(1.0, 2.0)], [(5.0, 5.0)], [(9.0, 4.0)]]
    weighted = weighted_kappa(questions, [2, 1, 3])
    assert weighted.value == pytest.approx(weighted_kappa([*questions, questions[0], *questions[2:] * 2]).value)


@pytest.mark.slow
def test_full_agreement_is_one_chance_is_zero_and_equal_scores_say_nothing() -> None:
    rng = np.random.default_rng(1)
    same = [[(float(value), float(value))] for value in rng.integers(1, 11, 30)]
    assert weighted_kappa(same).value == pytest.approx(1)
    one, other = rng.integers(1, 11, (2, 1000)).astype(float)
    chance = list(zip(one.tolist(), other.tolist(), strict=True))
    assert weighted_kappa([[pair] for pair in chance]).value == pytest.approx(0, abs=0.1)
    assert alpha([[pair] for pair in chance]).value == pytest.approx(0, abs=0.1)
    assert weighted_kappa([[(8.0, 8.0)]] * 20).value is None
    assert alpha([[(8.0, 8.0)]] * 20).value is None
    assert alpha([[[8.0]], [[]]]).value is None
    assert weighted_kappa([]).value is None


def test_few_questions_have_no_interval() -> None:
    pairs = [[(float(value), float(value % 3))] for value in range(1, 6)]
    assert weighted_kappa(pairs).interval is None
    assert weighted_kappa([*pairs, [(6.0, 5.0)]]).interval is not None


def test_whole_groups_of_questions_are_drawn() -> None:
    """Questions that are asked twice, as a group, say no more than asked once."""
    rng = np.random.default_rng(3)
    grades = rng.integers(1, 11, 24).astype(float)
    once = [[(float(grade), float(np.clip(grade + rng.integers(-2, 3), 1, 10)))] for grade in grades]
    twice, names = [pair for pair in once for _ in range(2)], [number for number in range(24) for _ in range(2)]
    assert weighted_kappa(twice, names=names) == weighted_kappa(once)
    narrow, whole, alone = (found.interval for found in (alpha(twice), alpha(twice, names=names), alpha(once)))
    assert narrow and whole and alone
    assert whole == pytest.approx(alone, abs=0.02)
    assert narrow[1] - narrow[0] < 0.85 * (whole[1] - whole[0])
    assert alpha(once, names=range(24)) == alpha(once)
    assert alpha(once, names=[number % 5 for number in range(24)]).interval is None


@pytest.mark.slow
def test_the_interval_covers_the_truth_although_a_question_has_two_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both answers to a question share its difficulty, so they are not independent."""
    monkeypatch.setattr(agreement_coefficients, "_RESAMPLES", 400)
    rng = np.random.default_rng(7)

    def questions(count: int) -> list[list[tuple[float, float]]]:
        truth, seen = rng.normal(5.5, 2, (count, 1)), rng.normal(0, 1.5, (count, 1))
        judge = np.round(np.clip(truth + seen + rng.normal(0, 0.5, (count, 2)), 1, 10))
        people = np.round(np.clip(truth + rng.normal(0, 0.5, (count, 2)), 1, 10))
        return [list(zip(*pair, strict=True)) for pair in zip(judge.tolist(), people.tolist(), strict=True)]

    true = weighted_kappa(questions(4_000)).value
    assert true is not None
    intervals = [weighted_kappa(questions(60), seed=number).interval for number in range(100)]
    covered = [low <= true <= high for low, high in filter(None, intervals)]
    assert len(covered) == 100
    assert 0.87 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize(
    ("value", "kappa", "reliable"),
    [
        (-0.1, "less than chance", "not reliable"),
        (-1e-17, "slight", "not reliable"),  # shown as 0
        (0.2, "slight", "not reliable"),
        (0.4, "fair", "not reliable"),
        (0.41, "moderate", "not reliable"),
        (0.7, "substantial", "reliable enough for tentative conclusions only"),
        (0.85, "almost perfect", "reliable"),
    ],
)
def test_each_level_of_agreement_has_its_word(value: float, kappa: str, reliable: str) -> None:
    assert (kappa_in_words(value), alpha_in_words(value)) == (kappa, reliable)
