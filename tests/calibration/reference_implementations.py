"""The statistics beside other implementations of the same formulas: the largest deviation of any figure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from tests.calibration.designs import UNEQUAL, Draw, related
from tests.unit.evaluation.statistics.oracle_figures import FIGURES, FIXED_WEIGHT
from tuner.evaluation.statistics.agreement_coefficients import alpha, weighted_kappa
from tuner.evaluation.statistics.comparison import compare, expanded_percentiles, mean_and_error, sign_test
from tuner.evaluation.statistics.prediction_powered import Labelled, corrected_mean
from tuner.evaluation.statistics.slices import holm
from tuner.evaluation.statistics.students_t import quantile

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Check:
    """How many figures were compared with an oracle, and the largest deviation, as a share of values above 1."""

    figure: str
    oracle: str
    compared: int
    deviation: float


def checks(seed: int = 1) -> list[Check]:
    """All comparisons."""
    generator = np.random.default_rng(seed)
    cases = json.loads(FIGURES.read_text("utf-8"))
    return [
        _check("corrected mean, weight of the judge, standard error", "ppi-python", _corrections(cases)),
        _check("Krippendorff's alpha", "krippendorff", _alphas(cases)),
        _check("Cohen's kappa with quadratic weights", "scikit-learn", _kappas(cases)),
        _check("standard error of groups of one size", "statsmodels", _equal_groups(generator)),
        _check("Holm's correction", "statsmodels", _holm(generator)),
        _check("standard error of groups of different sizes", "closed form: CR2 in matrices", _groups(generator)),
        _check("interval of groups of one size", "closed form: Student's over their means", _intervals(generator)),
        _check("p-value of groups of different sizes", "SciPy: permutation test", _changed_signs(generator)),
        _check("expanded percentile interval", "closed form: Hesterberg, with SciPy", _percentiles(generator)),
        _check("sign test", "SciPy: exact binomial test", _sign_tests()),
        _check("quantiles of Student's distribution", "SciPy", _quantiles()),
    ]


def _check(figure: str, oracle: str, pairs: Iterable[Pair]) -> Check:
    found = [float(abs(ours - other) / max(1.0, abs(other))) for ours, other in pairs]
    return Check(figure, oracle, len(found), max(found))


def _corrections(cases: Any) -> Iterator[Pair]:
    """The figures of the library were written by oracle_figures.py, since it is no dependency."""
    for case in cases["means"]:
        judged, count = np.array(case["judged"], dtype=float), len(case["labels"])
        found = corrected_mean(Labelled(judged, _padded(case["labels"], len(judged)), np.zeros(len(judged), dtype=int)))
        yield found.mean, case["mean"]
        yield found.weights[0], case["weight"]
        # The library divides the squares by n, we by n - 1.
        rest = len(judged) - count
        squares = case["error_of_the_judge"] ** 2 * rest / (rest - 1)
        yield found.standard_error, (squares + case["error_of_the_labels"] ** 2 * count / (count - 1)) ** 0.5
    case = cases["strata"]
    judged = np.array(case["judged"], dtype=float)
    values = Labelled(judged, _padded(case["labels"], len(judged)), np.array(case["strata"]))
    yield corrected_mean(values, (FIXED_WEIGHT, FIXED_WEIGHT)).mean, case["mean"]


def _padded(labels: list[float | None], questions: int) -> np.ndarray:
    return np.array([*labels, *[None] * (questions - len(labels))], dtype=float)


def _alphas(cases: Any) -> Iterator[Pair]:
    for case in cases["agreement"]:
        answers = zip(*case["raters"], strict=True)
        found = alpha([[[value for value in answer if value is not None]] for answer in answers])
        yield _known(found.value), case["alpha"]


def _kappas(cases: Any) -> Iterator[Pair]:
    for case in cases["agreement"]:
        pairs = zip(*case["raters"][:2], strict=True)
        yield _known(weighted_kappa([[pair] for pair in pairs]).value), case["kappa"]


def _equal_groups(generator: np.random.Generator) -> Iterator[Pair]:
    import statsmodels.api as sm  # seconds

    for sizes in ((4,) * 10, (1,) * 12, (7, 7), (2,) * 40):
        gains, names = _gains(related(generator, 0.3, sizes, 0.5))
        fitted = sm.OLS(gains, np.ones(len(gains))).fit(cov_type="cluster", cov_kwds={"groups": names})
        yield _known(mean_and_error(gains.tolist(), names.tolist())[1]), float(fitted.bse[0])


def _holm(generator: np.random.Generator) -> Iterator[Pair]:
    from statsmodels.stats.multitest import multipletests  # seconds

    for _ in range(20):
        p_values = generator.random(7) ** 3
        yield from zip(holm(p_values.tolist()), multipletests(p_values, method="holm")[1].tolist(), strict=True)


def _groups(generator: np.random.Generator) -> Iterator[Pair]:
    """Bell and McCaffrey's CR2: each group's residuals are multiplied by (I - H)^(-1/2), H being the hat matrix."""
    for _ in range(5):
        gains, names = _gains(related(generator, 0.3, UNEQUAL, 0.5))
        n, residuals, squares = len(gains), gains - gains.mean(), 0.0
        for group in set(names.tolist()):
            own = names == group
            eigenvalues, vectors = np.linalg.eigh(np.eye(own.sum()) - np.full((own.sum(), own.sum()), 1 / n))
            squares += (vectors @ np.diag(eigenvalues**-0.5) @ vectors.T @ residuals[own]).sum() ** 2
        yield _known(mean_and_error(gains.tolist(), names.tolist())[1]), squares**0.5 / n


def _intervals(generator: np.random.Generator) -> Iterator[Pair]:
    for groups in (6, 10, 40):
        gains, names = _gains(related(generator, 0.3, (4,) * groups, 0.7))
        means = gains.reshape(groups, 4).mean(axis=1)
        found = compare([0.0] * len(gains), gains.tolist(), names=names.tolist())
        assert found.interval is not None
        yield from zip(found.interval, stats.ttest_1samp(means, 0).confidence_interval(), strict=True)
        yield _known(found.p), float(stats.ttest_1samp(means, 0).pvalue)


def _changed_signs(generator: np.random.Generator) -> Iterator[Pair]:
    """SciPy's permutation test of one sample: it changes the signs of the groups' sums in all ways."""
    for _ in range(5):
        gains, names = _gains(related(generator, 0.3, UNEQUAL, 0.5))
        found = stats.permutation_test(
            (np.bincount(names, weights=gains),),
            lambda values, axis: np.abs(values.sum(axis=axis)),
            permutation_type="samples",
            alternative="greater",
        )
        yield _known(compare([0.0] * len(gains), gains.tolist(), names=names.tolist()).p), float(found.pvalue)


def _percentiles(generator: np.random.Generator) -> Iterator[Pair]:
    for n in (8, 40, 100):
        resampled = generator.normal(0.2, 1 / n**0.5, size=10_000)
        tail = stats.norm.cdf((n / (n - 1)) ** 0.5 * stats.t.ppf(0.025, n - 1))
        found, _ = expanded_percentiles(resampled, n, 1.0)
        yield from zip(found, np.quantile(resampled, [tail, 1 - tail]), strict=True)


def _sign_tests() -> Iterator[Pair]:
    for wins, losses in ((0, 6), (5, 1), (12, 20), (30, 30), (70, 41)):
        yield _known(sign_test(wins, losses)), float(stats.binomtest(wins, wins + losses).pvalue)


def _quantiles() -> Iterator[Pair]:
    for degrees in (1, 2, 5.8, 9, 39, 199):
        for probability in (0.8, 0.975, 0.995):
            yield quantile(degrees, probability), float(stats.t.ppf(probability, degrees))


def _gains(draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    assert draw.groups is not None
    return draw.tuned - draw.base, draw.groups


def _known(value: float | None) -> float:
    assert value is not None
    return value
