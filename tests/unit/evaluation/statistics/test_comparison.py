"""The statistics against scipy, against counting by hand, and on simulated models that are equal."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.examples import examples
from tuner.evaluation.statistics import comparison as ours
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.slices import holm


@pytest.fixture
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulations repeat the whole comparison hundreds of times."""
    monkeypatch.setattr(ours, "RESAMPLES", 2_000)


SCORES = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=6, max_size=40)


def test_mean_and_standard_error_equal_scipys() -> None:
    values = np.random.default_rng(3).normal(5, 2, size=31).tolist()
    mean, error = ours.mean_and_error(values)
    assert mean == pytest.approx(np.mean(values))
    assert error == pytest.approx(stats.sem(values))
    assert ours.mean_and_error([4.0]) == (4.0, None)
    assert ours.mean_and_error([]) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 1000])
def test_the_interval_equals_scipys_where_questions_are_many(n: int) -> None:
    differences = np.random.default_rng(n).exponential(size=n) - 0.8
    low, high = ours.bootstrap(differences)[0]
    reference = stats.bootstrap((differences,), np.mean, n_resamples=10_000, method="percentile", rng=5)
    width = high - low
    assert low == pytest.approx(reference.confidence_interval.low, abs=0.04 * width)
    assert high == pytest.approx(reference.confidence_interval.high, abs=0.04 * width)


@pytest.mark.parametrize("n", [6, 8, 15])
def test_the_interval_is_as_wide_as_students_where_questions_are_few(n: int) -> None:
    differences = np.random.default_rng(n).normal(size=n)
    low, high = ours.bootstrap(differences)[0]
    student = stats.t.interval(0.95, n - 1, loc=differences.mean(), scale=stats.sem(differences))
    assert high - low == pytest.approx(student[1] - student[0], rel=0.12)


def test_the_same_seed_gives_the_same_interval_and_another_one_a_close_one() -> None:
    differences = np.random.default_rng(1).normal(size=20)
    assert ours.bootstrap(differences, 7)[0] == ours.bootstrap(differences, 7)[0]
    assert ours.bootstrap(differences, 7)[0] != ours.bootstrap(differences, 8)[0]
    assert ours.bootstrap(differences, 7)[0] == pytest.approx(ours.bootstrap(differences, 8)[0], abs=0.05)


def test_blocks_keep_memory_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_MOST_CELLS", 1000)
    differences = np.random.default_rng(1).normal(size=50)
    low, high = ours.bootstrap(differences)[0]
    assert low < differences.mean() < high


@pytest.mark.parametrize(("wins", "losses"), [(6, 0), (5, 1), (3, 3), (0, 4), (7, 2)])
def test_the_sign_test_equals_counting_all_outcomes(wins: int, losses: int) -> None:
    n = wins + losses
    as_uneven = sum(abs(2 * sum(flips) - n) >= abs(wins - losses) for flips in product((0, 1), repeat=n))
    assert ours.sign_test(wins, losses) == pytest.approx(as_uneven / 2**n)


def test_without_a_win_or_a_loss_there_is_no_sign_test() -> None:
    assert ours.sign_test(0, 0) is None


def test_fewer_than_six_questions_never_differ() -> None:
    assert not ours.compare([1] * 5, [10] * 5).differs
    assert ours.compare([1] * 6, [10] * 6).differs
    assert (ours.sign_test(5, 0) or 0) > 0.05 > (ours.sign_test(6, 0) or 1)


@pytest.mark.slow
@given(SCORES)
def test_swapping_the_models_mirrors_the_comparison(pairs: list[tuple[int, int]]) -> None:
    base, tuned = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    one, other = ours.compare(base, tuned), ours.compare(tuned, base)
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    assert one.wins + one.ties + one.losses == one.n == len(pairs)
    assert one.mean == pytest.approx(-(other.mean or 0))
    assert one.interval is not None
    assert one.mean is not None
    assert one.interval[0] <= one.mean <= one.interval[1]
    assert math.isfinite(one.smallest_detectable or 0)


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("n", [8, 30])
def test_equal_models_are_called_different_one_time_in_twenty(n: int) -> None:
    """1,000 comparisons of two models whose graded answers differ by chance alone; 5 % +- 3 standard errors."""
    generator = np.random.default_rng(n)
    different = 0
    for seed in range(1000):
        difficulty = generator.normal(6, 2, size=n)
        graded = np.clip(np.rint(difficulty + generator.normal(0, 1.5, size=(2, n))), 1, 10)
        different += ours.compare(graded[0].tolist(), graded[1].tolist(), seed).differs
    assert 0.029 <= different / 1000 <= 0.071


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_resamples")
def test_a_model_better_by_the_smallest_detectable_difference_is_found_with_80_percent_power() -> None:
    generator = np.random.default_rng(11)
    n, found = 40, 0
    smallest = ours.smallest_detectable(stats.norm.ppf((np.arange(n) + 0.5) / n))
    for seed in range(300):
        gain = generator.normal(smallest, 1, size=n)
        found += ours.compare([0.0] * n, gain.tolist(), seed).differs
    assert 0.72 <= found / 300 <= 0.88


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_resamples")
def test_as_many_questions_as_named_would_decide_with_80_percent_power() -> None:
    generator = np.random.default_rng(12)
    pilot = 0.3 + stats.norm.ppf((np.arange(20) + 0.5) / 20)
    needed = ours.units_to_decide(ours.compare([0.0] * 20, pilot.tolist()))
    assert needed is not None
    found = sum(
        ours.compare([0.0] * needed, generator.normal(0.3, 1, size=needed).tolist(), s).differs for s in range(200)
    )
    assert 0.68 <= found / 200 <= 0.92


def test_no_number_of_questions_decides_between_equals() -> None:
    assert ours.units_to_decide(ours.compare([1.0, 2.0] * 5, [1.0, 2.0] * 5)) is None


@given(st.lists(st.integers(-3, 3) | st.floats(-1, 1), min_size=6, max_size=30), st.integers(0, 5))
@settings(max_examples=examples(30))
def test_the_p_value_is_below_5_percent_exactly_where_the_interval_excludes_zero(
    differences: list[float], seed: int
) -> None:
    found = ours.compare([0.0] * len(differences), differences, seed)
    assert found.p is not None
    assert 0 < found.p <= 1
    assert found.differs == (found.p < 0.05)


def test_the_p_value_is_close_to_that_of_students_t_test() -> None:
    values = np.random.default_rng(1).normal(0.4, 1, 60)
    expected = stats.ttest_1samp(values, 0).pvalue
    assert ours.bootstrap(values)[1] == pytest.approx(expected, abs=0.01)


def test_the_sign_test_can_disagree_because_it_ignores_how_large_wins_are() -> None:
    found = ours.compare([0.0] * 10, [5, 5, 5, 5, 5, 5, 5, -0.1, -0.1, -0.1])
    assert found.differs
    assert found.p is not None
    assert found.p < 0.05 < (found.sign_test_p or 0)


def test_rounding_decides_nothing() -> None:
    """The same 30 gains of 0.2 and 10 losses of 0.3, at three levels of the scores."""
    found = [
        ours.compare([level] * 40, [level + 0.2] * 30 + [level - 0.3] * 10, seed=0) for level in (0.3, 0.4, 0.6, 0.7)
    ]
    assert len({each.p for each in found}) == 1
    lows = [each.interval[0] for each in found if each.interval]
    assert lows == pytest.approx([lows[0]] * 4, abs=1e-9)
    assert len({low > 0 for low in lows}) == 1


def test_the_number_of_resamples_does_not_limit_the_p_value() -> None:
    """With 10,000 resamples, 20 questions once had no p-value below 0.0012, however large the difference was."""
    gains = np.random.default_rng(1).normal(0.9, 1.3, 20)
    expected = stats.ttest_1samp(gains, 0).pvalue
    assert 1e-5 < expected < 1e-4
    assert ours.compare([0.0] * 20, gains.tolist()).p == pytest.approx(expected, rel=1e-9)


def test_equal_differences_do_not_say_which_difference_would_be_found() -> None:
    for names in (None, [number // 2 for number in range(20)]):
        assert ours.compare([0.1] * 20, [0.4] * 20, names=names).smallest_detectable is None


@pytest.mark.parametrize("n", [6, 8, 20, 45])
@pytest.mark.parametrize("last", [1.0, 0.999, 1.5])
def test_no_p_value_is_below_that_of_questions_that_are_all_won(n: int, last: float) -> None:
    assert (ours.compare([0.0] * n, [*[1.0] * (n - 1), last]).p or 0) >= 2 * 0.5**n


def test_a_last_look_at_six_questions_cannot_show_a_difference() -> None:
    """Six won of six happen by chance one time in 32, and the end of an evaluation with looks has 3 % of the errors."""
    for names in (None, [number // 2 for number in range(12)]):
        n = len(names or range(6))
        found = ours.compare([0.0] * n, [1.0] * n, 0, names, Looks(6, complete=True))
        assert (found.p or 0) > 0.05
        assert not found.differs


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("kind", ["graded", "tied"])
@pytest.mark.thorough
def test_of_many_slices_without_a_difference_any_is_called_different_one_time_in_twenty(kind: str) -> None:
    generator, alarms = np.random.default_rng(21), 0
    for seed in range(300):
        if kind == "graded":
            gains = np.rint(generator.normal(0, 2, size=(15, 20)))
        else:
            gains = generator.choice([-1.0, 0.0, 1.0], size=(15, 20), p=[0.2, 0.6, 0.2])
        alarms += min(holm([ours.compare([0.0] * 20, each.tolist(), seed).p or 1.0 for each in gains])) < 0.05
    assert alarms / 300 <= 0.08
