"""The intervals of an evaluation that may stop early: against numerical integration, and in simulations."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from tuner.artifacts.evaluation.answers import Stopping
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.early_stopping import FEWEST_TO_STOP, Looks
from tuner.evaluation.statistics.macro_f1 import compare_macro_f1

LOOKS = Looks(units=100, complete=False)
END = Looks(units=100, complete=True)


def evidence(t: float, n: int, variance: float) -> float:
    """The Bayes factor of the t-test with a normal prior on the effect, by its definition."""

    def weighted(effect: float) -> float:
        likelihood = stats.nct.pdf(t, n - 1, math.sqrt(n) * effect)
        return float(likelihood * stats.norm.pdf(effect, scale=math.sqrt(variance)))

    marginal, _ = integrate.quad(weighted, -8, 8, points=[0.0, t / math.sqrt(n)], limit=200)
    return float(marginal / stats.t.pdf(t, n - 1))


@pytest.mark.parametrize("n", [FEWEST_TO_STOP, 40, 80])
@pytest.mark.parametrize("t", [2.0, 3.5, -4.0])
def test_the_p_value_is_that_of_the_sequential_t_test(n: int, t: float) -> None:
    # The prior's variance: eight times that of the mean of 40 % of the questions.
    expected = min(1.0, 2.5 / evidence(t, n, 8 / 40))
    assert LOOKS.p(t, n - 1) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("n", [FEWEST_TO_STOP, 25.5, 40, 99])
def test_the_p_value_is_below_5_percent_where_the_interval_excludes_zero(n: float) -> None:
    reach = LOOKS.reach(n - 1)
    assert reach is not None
    assert LOOKS.p(reach * 1.0001, n - 1) < 0.05 < LOOKS.p(reach * 0.9999, n - 1)


def test_few_questions_and_equal_gains_decide_nothing() -> None:
    few = FEWEST_TO_STOP - 1
    assert compare([0.0] * few, [5.0, 6.0, 7.0] * 5, looks=LOOKS).interval is None
    assert compare([0.0] * 30, [1.0] * 30, looks=LOOKS).interval is None
    assert compare([0.0] * 30, [1.0, 2.0, 1.5] * 10, looks=LOOKS).differs
    # On a scale from 1 to 10, one question that loses nine points would make up for nine that win one.
    assert compare([0.0] * 30, [1.0] * 30, looks=LOOKS.within((1, 10))).interval is None
    # 30 questions of 10 groups are 10 observations.
    groups = [number // 3 for number in range(30)]
    assert compare([0.0] * 30, [1.0, 2.0, 1.5] * 10, names=groups, looks=LOOKS).interval is None


@pytest.mark.parametrize(("gain", "bounds", "fewest"), [(1.0, (0, 1), 16), (4.0, (1, 10), 16), (1.0, (1, 10), 38)])
def test_equal_gains_decide_if_equal_models_can_hardly_have_them(
    gain: float, bounds: tuple[float, float], fewest: int
) -> None:
    looks = LOOKS.within(bounds)
    # The most likely equal models: they have this gain, or lose as much as the scale allows.
    width = bounds[1] - bounds[0]
    assert (width / (width + gain)) ** fewest <= 0.02
    for units, decided in ((fewest - 1, False), (fewest, True)):
        found = compare([0.0] * units, [gain] * units, looks=looks)
        assert found.differs is decided
        assert (found.p is not None and found.p < 0.05) is decided
    mirrored = compare([gain] * fewest, [0.0] * fewest, looks=looks)
    assert mirrored.interval is not None
    assert mirrored.interval[1] < 0


def test_in_the_end_the_interval_has_a_confidence_of_97_percent() -> None:
    gains = np.random.default_rng(3).normal(0.3, 1, 60)
    groups = np.repeat(np.arange(20), 3).tolist()
    found = compare([0.0] * 60, gains.tolist(), names=groups, looks=END)
    usual = compare([0.0] * 60, gains.tolist(), names=groups)
    assert found.interval is not None
    assert usual.p is not None
    error = usual.standard_error or 0
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * stats.t.ppf(0.985, 19) * error)
    assert found.p == pytest.approx(min(1, usual.p / 0.6))
    alone, wider = compare([0.0] * 60, gains.tolist()), compare([0.0] * 60, gains.tolist(), looks=END)
    assert alone.interval is not None
    assert wider.interval is not None
    ratio = (wider.interval[1] - wider.interval[0]) / (alone.interval[1] - alone.interval[0])
    assert ratio == pytest.approx(stats.t.ppf(0.985, 59) / stats.t.ppf(0.975, 59), rel=0.03)


def test_macro_f1_has_the_interval_of_the_looks_too() -> None:
    expected = ["a", "b", "c"] * 20
    base, tuned = ["a"] * 60, expected[:48] + ["a"] * 12
    usual, *_ = compare_macro_f1(expected, base, tuned)
    found, *_ = compare_macro_f1(expected, base, tuned, looks=LOOKS)
    assert usual.interval is not None
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] > 1.3 * (usual.interval[1] - usual.interval[0])
    assert found.differs


def test_equal_models_are_called_different_at_any_interim_analysis_in_at_most_two_percent() -> None:
    """Looked at after each question from the 16th on, which is more often than any run does."""
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(400):
        gains = rng.normal(size=100)
        counts = np.arange(1, 101)
        means = np.cumsum(gains) / counts
        variances = (np.cumsum(gains**2) - counts * means**2)[1:] / (counts[1:] - 1)
        errors = np.sqrt(variances / counts[1:])
        reaches = [LOOKS.reach(n - 1) or math.inf for n in range(2, 101)]
        alarms += bool((np.abs(means[1:]) > np.array(reaches) * errors).any())
    assert alarms / 400 <= 0.035


def test_the_sentence_says_how_many_questions_were_asked() -> None:
    stopped = Stopping(questions=200, units=200, asked=60, looks=5, decided=True)
    assert stopped.sentence.startswith("Answering stopped early, after 60 of 200 questions in random order")
    assert "140 questions (70%) were not asked" in stopped.sentence
    assert Looks.of(stopped) == Looks(200, complete=False)
    whole = stopped.model_copy(update={"asked": 200, "decided": False, "looks": 1})
    assert "all 200 questions were asked" in whole.sentence
    assert "1 look before" in whole.sentence
    assert Looks.of(whole) == Looks(200, complete=True)
    assert Looks.of(None) is None
