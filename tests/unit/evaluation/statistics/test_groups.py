"""The statistics of related questions: against statsmodels, against matrices, and on equal models."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.examples import examples
from tuner.catalog.metrics import METRICS
from tuner.evaluation.statistics import groups as statistics_of_groups
from tuner.evaluation.statistics.comparison import compare, detectable, mean_and_error, units_to_decide
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.groups import Groups, interval_of_estimate
from tuner.evaluation.statistics.macro_f1 import compare_macro_f1
from tuner.evaluation.statistics.verdict import conclude

UNEQUAL = (1, 1, 2, 2, 3, 4, 5, 6, 8, 10)


def names_of(sizes: tuple[int, ...]) -> list[int]:
    return [number for number, size in enumerate(sizes) for _ in range(size)]


def gains_of(sizes: tuple[int, ...], correlation: float, generator: np.random.Generator) -> list[float]:
    """Gains of equal models whose questions are related within the groups."""
    shared = generator.normal(size=len(sizes)) * correlation**0.5
    own = generator.normal(size=sum(sizes)) * (1 - correlation) ** 0.5
    found: list[float] = (np.repeat(shared, sizes) + own).tolist()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(4,) * 10, (1,) * 12, (7, 7), (2,) * 40])
def test_the_standard_error_equals_statsmodels_for_groups_of_one_size(sizes: tuple[int, ...]) -> None:
    import statsmodels.api as sm  # seconds

    names = names_of(sizes)
    values = np.array(gains_of(sizes, 0.5, np.random.default_rng(len(sizes))))
    fitted = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": names})
    assert mean_and_error(values.tolist(), names)[1] == pytest.approx(fitted.bse[0], rel=1e-6)


def test_the_standard_error_for_groups_of_different_sizes_equals_the_definition_in_matrices() -> None:
    """Bell and McCaffrey's CR2: each group's residuals are multiplied by (I - H)^(-1/2), H being the hat matrix."""
    names = np.array(names_of(UNEQUAL))
    values = np.array(gains_of(UNEQUAL, 0.5, np.random.default_rng(2)))
    n, residuals, meat = len(values), values - values.mean(), 0.0
    for group in range(len(UNEQUAL)):
        own = names == group
        eigenvalues, vectors = np.linalg.eigh(np.eye(own.sum()) - np.full((own.sum(), own.sum()), 1 / n))
        adjusted = vectors @ np.diag(eigenvalues**-0.5) @ vectors.T @ residuals[own]
        meat += adjusted.sum() ** 2
    assert mean_and_error(values.tolist(), names.tolist())[1] == pytest.approx(meat**0.5 / n, rel=1e-9)


@pytest.mark.parametrize(("sizes", "degrees"), [((4,) * 10, 9), ((3, 3), 1), (UNEQUAL, 5.831515)])
def test_the_degrees_of_freedom_are_satterthwaites(sizes: tuple[int, ...], degrees: float) -> None:
    groups = Groups.of(names_of(sizes))
    assert groups is not None
    assert groups.degrees == pytest.approx(degrees, abs=1e-6)
    # The definition: twice the squared mean of the variance estimate, divided by its variance, for equal variances.
    n, names = sum(sizes), np.array(names_of(sizes))
    residual_maker = np.eye(n) - 1 / n
    columns = [residual_maker[:, names == g].sum(axis=1) / np.sqrt(1 - size / n) for g, size in enumerate(sizes)]
    products = np.array(columns) @ np.array(columns).T
    assert groups.degrees == pytest.approx(np.trace(products) ** 2 / (products**2).sum(), rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_one_group_has_no_degrees_of_freedom_and_no_interval() -> None:
    groups = Groups.of([1] * 20)
    assert groups is not None
    assert groups.degrees == 0
    assert compare([0.0] * 20, [1.0, 0.5] * 10, names=[1] * 20).interval is None
    assert interval_of_estimate(0.5, None, [1] * 20, None) is None


def test_the_interval_of_groups_of_one_size_is_students_over_their_means() -> None:
    sizes = (4,) * 10
    gains = gains_of(sizes, 0.7, np.random.default_rng(5))
    found = compare([0.0] * 40, gains, names=names_of(sizes))
    means = np.array(gains).reshape(10, 4).mean(axis=1)
    expected = stats.t.interval(0.95, 9, loc=means.mean(), scale=stats.sem(means))
    assert found.interval == pytest.approx(expected, rel=1e-9)
    assert found.p == pytest.approx(stats.ttest_1samp(means, 0).pvalue, rel=1e-9)
    assert (found.n, found.groups, found.units) == (40, 10, 10)
    assert found.smallest_detectable == pytest.approx(detectable(stats.sem(means), 9), rel=1e-9)


def test_questions_that_stand_alone_are_compared_as_without_groups() -> None:
    generator = np.random.default_rng(3)
    base, tuned = generator.normal(size=(2, 30)).tolist()
    assert compare(base, tuned, 1, list(range(30))) == compare(base, tuned, 1)
    expected, one, other = (generator.choice(list("abc"), size=30).tolist() for _ in range(3))
    alone = compare_macro_f1(expected, one, other, 1, list(range(30)))
    assert alone == compare_macro_f1(expected, one, other, 1)


def test_fewer_than_six_groups_never_differ_however_many_questions_they_have() -> None:
    assert not compare([1] * 50, [10] * 50, names=names_of((10,) * 5)).differs
    assert compare([1] * 60, [10] * 60, names=names_of((10,) * 6)).differs
    labels = ["a", "b"] * 25
    assert compare_macro_f1(labels, ["x"] * 50, labels, names=names_of((10,) * 5))[0].interval is None
    assert compare([1] * 9, [10] * 9, names=[0] * 9).standard_error is None


@pytest.mark.parametrize("gain", [0.0, 0.25])
def test_equal_gains_of_all_groups_have_an_interval_without_width(gain: float) -> None:
    found = compare([0.0] * 24, [gain] * 24, names=names_of((4,) * 6))
    assert found.interval == (gain, gain)
    assert found.p == (1 if not gain else 2 * 0.5**6)
    assert found.differs == (found.p < 0.05)


@pytest.mark.slow
def test_equal_models_are_called_different_one_time_in_twenty_where_questions_hang_together() -> None:
    """10 groups of 4 questions with a correlation of 0.7: as independent questions, a quarter are called different."""
    generator = np.random.default_rng(10)
    sizes, different = (4,) * 10, {True: 0, False: 0}
    for seed in range(1000):
        gains = gains_of(sizes, 0.7, generator)
        different[True] += compare([0.0] * 40, gains, seed, names_of(sizes)).differs
        different[False] += abs(np.mean(gains)) > stats.t.ppf(0.975, 39) * stats.sem(gains)
    assert 30 <= different[True] <= 70
    assert different[False] > 200


def test_macro_f1_of_groups_has_a_wider_interval_than_that_of_independent_questions() -> None:
    generator = np.random.default_rng(7)
    expected = generator.choice(list("abc"), size=60).tolist()
    right = np.repeat(generator.random((2, 12)) < 0.6, 5, axis=1)  # all five questions of a group, or none
    base, tuned = ([label if hit else "x" for label, hit in zip(expected, hits, strict=True)] for hits in right)
    alone = compare_macro_f1(expected, base, tuned)[0]
    grouped = compare_macro_f1(expected, base, tuned, names=names_of((5,) * 12))[0]
    assert alone.interval is not None
    assert grouped.interval is not None
    width = [interval[1] - interval[0] for interval in (alone.interval, grouped.interval)]
    assert width[1] > 1.5 * width[0]
    assert (grouped.groups, grouped.n, grouped.mean) == (12, 60, alone.mean)
    assert grouped.p is not None
    assert grouped.differs == (grouped.p < 0.05)


def test_the_interval_of_a_mean_is_students_inside_the_bounds() -> None:
    values = [3.0, 5.0, 4.0, 7.0, 6.0, 5.0]
    mean, error = mean_and_error(values)
    expected = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=error)
    alone = list(range(len(values)))
    assert interval_of_estimate(mean, error, alone, (1, 10)) == pytest.approx(expected)
    assert interval_of_estimate(9.9, error, alone, (1, 10)) == pytest.approx((9.9 - (expected[1] - 5), 10))
    assert interval_of_estimate(mean, error, alone[:4], (1, 10)) is None, "four questions show nothing"


def test_the_interval_of_a_mean_counts_groups_and_looks() -> None:
    names = names_of((4,) * 10)
    values = gains_of((4,) * 10, 0.5, np.random.default_rng(1))
    mean, error = mean_and_error(values, names)
    grouped = interval_of_estimate(mean, error, names, None)
    assert grouped == pytest.approx(stats.t.interval(0.95, 9, loc=mean, scale=error))
    assert grouped
    for complete in (True, False):
        wider = interval_of_estimate(mean, error, list(range(40)), None, Looks(80, complete=complete))
        plain = interval_of_estimate(mean, error, list(range(40)), None)
        assert wider
        assert plain
        assert wider[0] < plain[0] < plain[1] < wider[1]
    assert interval_of_estimate(mean, error, names[:6], None, Looks(80, complete=False)) is None


SIZES = (1, 1, 1, 1, 2, 2, 3, 4, 10)


def test_the_p_value_of_groups_of_different_sizes_is_that_of_changed_signs() -> None:
    gains = gains_of(SIZES, 0.5, np.random.default_rng(11))
    for shift in (0.0, 0.5, 1.0):
        shifted = [gain + shift for gain in gains]
        sums = np.bincount(names_of(SIZES), weights=shifted)
        expected = stats.permutation_test(
            (sums,),
            lambda values, axis: np.abs(values.sum(axis=axis)),
            permutation_type="samples",
            alternative="greater",
        )
        assert compare([0.0] * 25, shifted, names=names_of(SIZES)).p == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_interval_of_groups_of_different_sizes_has_the_values_that_are_not_rejected() -> None:
    gains, names = gains_of(SIZES, 0.5, np.random.default_rng(12)), names_of(SIZES)
    found = compare([0.0] * 25, gains, names=names)
    assert found.interval is not None
    low, high = found.interval
    for bound, outward in ((low, -1e-6), (high, 1e-6)):
        inside, outside = (compare([bound + step] * 25, gains, names=names) for step in (-outward, outward))
        assert inside.p is not None
        assert outside.p is not None
        assert inside.p >= 0.05 > outside.p
        assert (inside.differs, outside.differs) == (False, True)


def test_many_groups_are_divided_at_random_in_a_way_that_can_be_repeated() -> None:
    sizes = (*(1,) * 20, *(10,) * 3)
    gains, names = gains_of(sizes, 0.7, np.random.default_rng(13)), names_of(sizes)
    found = compare([0.0] * 50, gains, 3, names)
    assert found == compare([0.0] * 50, gains, 3, names)
    other = compare([0.0] * 50, gains, 4, names)
    assert found.interval is not None
    assert other.interval == pytest.approx(found.interval, abs=0.05)
    groups = Groups.of(names)
    assert groups is not None
    divided = groups.divided(np.array(gains))
    assert len(divided.lower) == len(divided.higher) == 10_000
    assert np.isinf(divided.lower[0])


def test_six_or_seven_groups_of_different_sizes_keep_students_interval() -> None:
    """They can be divided in at most 64 ways: after a correction for two comparisons, none could be different."""
    names = names_of((3, 4, 4, 4, 4, 4, 4))
    groups = Groups.of(names)
    gains = gains_of((3, 4, 4, 4, 4, 4, 4), 0.5, np.random.default_rng(1))
    found = compare([0.0] * 27, gains, names=names)
    assert groups is not None
    assert found.interval is not None
    reach = stats.t.ppf(0.975, groups.degrees) * (found.standard_error or 0)
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * reach, rel=1e-9)


@pytest.mark.slow
def test_three_large_groups_beside_single_questions_are_called_different_one_time_in_twenty() -> None:
    """With Student's distribution, 7.7 % of equal models were called different."""
    generator, sizes, different = np.random.default_rng(14), (*(1,) * 20, *(10,) * 3), 0
    for seed in range(1000):
        different += compare([0.0] * 50, gains_of(sizes, 0.7, generator), seed, names_of(sizes)).differs
    assert 30 <= different <= 70


def test_a_look_in_the_end_shows_the_difference_of_its_own_interval() -> None:
    gains, names = gains_of(SIZES, 0.5, np.random.default_rng(15)), names_of(SIZES)
    usual = compare([0.0] * 25, gains, names=names)
    last = compare([0.0] * 25, gains, names=names, looks=Looks(units=9, complete=True))
    assert usual.smallest_detectable is not None
    assert last.smallest_detectable is not None
    assert last.smallest_detectable > usual.smallest_detectable


@st.composite
def related_gains(draw: st.DrawFn) -> tuple[list[float], list[int]]:
    """Gains of related questions: groups of any sizes, often with ties, and with the same gain everywhere."""
    sizes = draw(st.lists(st.sampled_from([1, 2, 2, 3, 12]), min_size=6, max_size=16))
    values = draw(st.sampled_from([st.integers(-1, 2), st.just(1), st.floats(-2, 3, allow_nan=False)]))
    return draw(st.lists(values, min_size=sum(sizes), max_size=sum(sizes))), names_of(tuple(sizes))


@pytest.mark.slow
@given(related_gains(), st.sampled_from([None, Looks(16, complete=True)]))
@settings(max_examples=examples(40), deadline=None)
def test_the_interval_excludes_zero_exactly_where_the_p_value_is_below_5_percent(
    drawn: tuple[list[float], list[int]], looks: Looks | None
) -> None:
    gains, names = drawn
    found = compare([0.0] * len(gains), gains, 1, names, looks)
    assert found.p is not None
    assert found.differs == (found.p < 0.05)
    assert found.p >= 2 * 0.5**found.units


@given(st.lists(st.sampled_from("aab"), min_size=6, max_size=30), st.integers(1, 4), st.randoms())
@settings(max_examples=examples(20), deadline=None)
def test_the_p_value_of_macro_f1_is_that_of_its_interval(expected: list[str], size: int, random: Random) -> None:
    base, tuned = ([random.choice("abx") for _ in expected] for _ in range(2))
    found = compare_macro_f1(expected, base, tuned, names=[number // size for number in range(len(expected))])[0]
    assert (found.p is None) == (found.interval is None)
    if found.p is not None:
        assert found.differs == (found.p < 0.05)


def test_the_expected_error_is_that_of_the_variance_between_and_within_groups() -> None:
    sizes, generator = (40, *(1,) * 10), np.random.default_rng(4)
    names, found = names_of(sizes), []
    groups = Groups.of(names)
    assert groups is not None
    for _ in range(2000):
        found.append(groups.expected_error(np.array(gains_of(sizes, 0.3, generator))) or 0.0)
    truth = (0.3 * sum(size**2 for size in sizes) + 0.7 * 50) ** 0.5 / 50
    assert np.mean(np.square(found)) ** 0.5 == pytest.approx(truth, rel=0.1)
    one_size = Groups.of(names_of((4,) * 10))
    assert one_size is not None
    assert one_size.expected_error(np.zeros(40)) is None


def test_no_more_questions_are_named_than_the_limit_for_questions_alone() -> None:
    """14,000 groups of 15 questions are not 14,000 questions."""
    gains = np.random.default_rng(2).normal(0, 1, 30).repeat(15)
    gains += 0.01 - gains.mean()
    found = compare([0] * 450, gains.tolist(), names=[f"g{at // 15}" for at in range(450)])
    said = conclude(METRICS["correctness"][0], found)
    assert 5_000 < (units_to_decide(found) or 0) < 100_000
    assert said.more_questions is None
    assert "more than 100,000 questions would be needed" in said.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "correlation", "gain"),
    [((40, *(1,) * 10), 0.3, 0.45), ((1, 1, 2, 2, 3, 4, 5, 6, 8, 10), 0.5, 0.5), ((4,) * 10, 0.7, 0.5)],
)
def test_as_many_groups_as_named_would_decide_in_most_cases(
    sizes: tuple[int, ...], correlation: float, gain: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics_of_groups, "DIVISIONS", 400)
    generator, needed = np.random.default_rng(5), []
    for seed in range(40):
        gains = np.array(gains_of(sizes, correlation, generator))
        pilot = compare([0.0] * len(gains), (gains - gains.mean() + gain).tolist(), seed, names_of(sizes))
        needed.append(units_to_decide(pilot) or 10_000)
    larger = sizes * max(1, round(float(np.median(needed)) / len(sizes)))
    found = 0
    for seed in range(100):
        gains = np.array(gains_of(larger, correlation, generator)) + gain
        found += compare([0.0] * len(gains), gains.tolist(), seed, names_of(larger)).differs
    assert 60 <= found <= 95
