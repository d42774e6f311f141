"""Student's t against SciPy's, and near 0 against its series, where SciPy loses digits."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from tuner.evaluation.statistics import comparison as ours
from tuner.evaluation.statistics.students_t import distribution, quantile


@pytest.mark.parametrize("degrees", [*range(1, 41), 99, 100, 499, 500, 999, 1000, 1001, 1002, 9_999, 100_000])
@pytest.mark.parametrize("probability", [0.975, 0.8, 0.5, 0.6, 0.999, 0.025])
def test_quantiles_equal_scipys(degrees: int, probability: float) -> None:
    assert quantile(degrees, probability) == pytest.approx(float(special.stdtrit(degrees, probability)), rel=1e-9)


# SciPy's error grows with 1 / t near 0: 2e-9 at 1e-7.
@given(degrees=st.integers(1, 300), t=st.floats(-50, 50).filter(lambda t: t == 0 or abs(t) > 1e-3))
def test_the_distribution_equals_scipys(degrees: int, t: float) -> None:
    assert distribution(degrees, t) == pytest.approx(float(stats.t.cdf(t, degrees)), abs=1e-12)


@example(degrees=1, t=1e-7)
@example(degrees=1500, t=1e-3)
@given(degrees=st.floats(1, 1500), t=st.floats(-1e-3, 1e-3))
def test_the_distribution_near_0_equals_its_series(degrees: float, t: float) -> None:
    # The density at 0, and its change to the third order. The next term is below 1e-15.
    density = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)
    expected = 0.5 + density * (t - (degrees + 1) / (6 * degrees) * t**3)
    assert distribution(degrees, t) == pytest.approx(expected, abs=1e-12)


@given(wins=st.integers(0, 400), losses=st.integers(0, 400))
def test_the_sign_test_equals_scipys(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else None
    assert ours.sign_test(wins, losses) == (None if expected is None else pytest.approx(expected, rel=1e-9))


@given(pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=60))
@example(pairs=[(1, 1), (2, 2)])
def test_the_rank_correlation_equals_scipys(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(side, dtype=float).tolist() for side in zip(*pairs, strict=True))
    found = ours.rank_correlation(one, other)
    if len(pairs) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


@example(degrees=522.5, t=1e-5)
@given(degrees=st.floats(1, 1500), t=st.floats(-50, 50).filter(lambda t: t == 0 or abs(t) > 1e-5))
def test_the_distribution_of_fractional_degrees_equals_scipys(degrees: float, t: float) -> None:
    assert distribution(degrees, t) == pytest.approx(float(stats.t.cdf(t, degrees)), abs=1e-9)


@pytest.mark.parametrize("degrees", [1.1, 2.5, 3.7, 5.831514574, 29.6, 999.5, 1500.5])
@pytest.mark.parametrize("probability", [0.975, 0.8, 0.999, 0.025])
def test_quantiles_of_fractional_degrees_equal_scipys(degrees: float, probability: float) -> None:
    assert quantile(degrees, probability) == pytest.approx(float(special.stdtrit(degrees, probability)), rel=1e-9)
