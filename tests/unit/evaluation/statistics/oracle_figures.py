"""Writes oracle_figures.json: what ppi-python, krippendorff and scikit-learn compute from the cases in it.

    pip install ppi-python==0.2.3 krippendorff==0.9.0 scikit-learn==1.9.1
    python tests/unit/evaluation/statistics/oracle_figures.py

They are no dependencies: with what ppi-python needs (numba, pandas, statsmodels, scikit-learn), they take 675 MB, and
the tests only need their figures. ppi-python also installs a package `tests`, which hides the one of this project.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).with_suffix(".json")
# Two-sided 95 % quantile of the normal distribution, which ppi-python uses.
Z = 1.959963984540054
FIXED_WEIGHT = 0.7


def main() -> None:
    """Writes the file."""
    figures = {
        "means": [_mean(seed, count, bias) for seed, count, bias in ((1, 60, 0.8), (2, 100, -1.5), (3, 30, 0.0))],
        "strata": _strata(),
        "agreement": [_agreement(seed, spread) for seed, spread in ((1, 0.5), (2, 2.0), (3, 6.0))],
    }
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def _judge(rng: random.Random, label: int, bias: float) -> int:
    return label + round(rng.gauss(bias, 1.5))


def _mean(seed: int, count: int, bias: float) -> dict[str, Any]:
    """The mean by PPI++ with its own weight of the judge, and the two parts of its standard error."""
    import numpy as np
    from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

    rng = random.Random(seed)
    labels = [rng.randint(-4, 6) for _ in range(200)]
    judged = [_judge(rng, label, bias) if seed != 3 else rng.randint(-4, 6) for label in labels]
    y, hat, rest = np.array(labels[:count]), np.array(judged[:count]), np.array(judged[count:])

    def error(*arrays: Any, weight: float) -> float:
        low, high = ppi_mean_ci(*arrays, alpha=0.05, lam=weight)
        return float((high - low)[0] / 2 / Z)

    # The estimate is linear in the weight, so the weight that the library chose is known from three estimates.
    none, whole, chosen = (float(np.ravel(ppi_mean_pointestimate(y, hat, rest, lam=lam))[0]) for lam in (0, 1, None))
    weight = (chosen - none) / (whole - none)
    return {
        "labels": labels[:count],
        "judged": judged,
        "mean": chosen,
        "weight": weight,
        "error_of_the_judge": error(np.zeros(2), np.zeros(2), rest, weight=weight),
        "error_of_the_labels": error(y, hat, np.zeros(2), weight=weight),
    }


def _strata() -> dict[str, Any]:
    """The mean by PPI with weights by the inverse probability, and a fixed weight of the judge."""
    import numpy as np
    from ppi_py import ppi_mean_pointestimate

    rng = random.Random(4)
    strata = [int(number >= 150) for number in range(200)]
    labels = [rng.randint(-4, 6) + 3 * stratum for stratum in strata]
    judged = [_judge(rng, label, 1 - 2 * stratum) for label, stratum in zip(labels, strata, strict=True)]
    labelled = [number for number in range(200) if number < 30 or number >= 180]
    rest = [number for number in range(200) if number not in set(labelled)]
    # 30 of 150 and 20 of 50 are labelled.
    weights = [(5.0, 2.5)[strata[number]] for number in labelled]
    weights_of_rest = [(150 / 120, 50 / 30)[strata[number]] for number in rest]
    mean = ppi_mean_pointestimate(
        np.array([labels[number] for number in labelled]),
        np.array([judged[number] for number in labelled]),
        np.array([judged[number] for number in rest]),
        lam=FIXED_WEIGHT,
        w=np.array(weights),
        w_unlabeled=np.array(weights_of_rest),
    )
    known = {number: labels[number] for number in labelled}
    return {
        "strata": strata,
        "labels": [known.get(number) for number in range(200)],
        "judged": judged,
        "mean": float(np.ravel(mean)[0]),
    }


def _rated(rng: random.Random, truth: list[int], spread: float) -> list[int | None]:
    return [min(10, max(1, round(rng.gauss(value, spread)))) for value in truth]


def _agreement(seed: int, spread: float) -> dict[str, Any]:
    """Kappa of the first two raters, and alpha of all three, who did not score everything."""
    import krippendorff
    from sklearn.metrics import cohen_kappa_score

    rng = random.Random(seed)
    truth = [rng.randint(1, 10) for _ in range(40)]
    raters = [_rated(rng, truth, spread) for _ in range(3)]
    some = [*raters[:2], [value if rng.random() < 0.5 else None for value in raters[2]]]
    alpha = krippendorff.alpha(
        [[float("nan") if value is None else value for value in scores] for scores in some],
        level_of_measurement="ordinal",
    )
    kappa = cohen_kappa_score(raters[0], raters[1], weights="quadratic")
    return {"raters": some, "kappa": float(kappa), "alpha": float(alpha)}


if __name__ == "__main__":
    main()
