"""How often the recommendation calls a contestant as good that is worse by the margin: at most one time in twenty."""

import math

import numpy as np
import pytest

from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.catalog.metrics import METRICS
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.slices import compared_with_all
from tuner.evaluation.statistics.verdict import Names
from tuner.reporting.advice.quality import corrected_interval, quality_beside

MEASURE = METRICS["correctness"][0]
MARGIN, RUNS, PAIRS = 0.45, 1_500, [f"pair {at // 2}" for at in range(60)]


@pytest.mark.parametrize("others", [1, 4, *(pytest.param(number, marks=pytest.mark.slow) for number in (2, 7))])
@pytest.mark.thorough
def test_a_contestant_that_is_worse_by_the_margin_is_called_as_good_at_most_one_time_in_twenty(others: int) -> None:
    """All comparisons have the tuned model in common. Questions in pairs have Student's interval, which is fast.

    With the 95 % interval of each comparison, there would be more with four others: so the simulation can fail.
    """
    random, corrected, plain = np.random.default_rng(others), 0, 0
    for _ in range(RUNS):
        tuned = random.normal(7, 0.9, 60)
        scores = random.normal(7 - MARGIN, 0.9, (others, 60))
        differences = {f"m{at}": compare(each.tolist(), tuned.tolist(), names=PAIRS) for at, each in enumerate(scores)}
        found = compared_with_all(MEASURE, differences, Names())
        called: dict[int, list[bool]] = {1: [], others: []}
        for each in found.values():
            measure = MeasureScores(range=(1, 10), difference=each.difference, comparison=each.comparison)
            value = each.conclusion.value if each.conclusion else None
            for number, into in called.items():
                into.append(quality_beside(measure, value, MARGIN, number).quality in ("as_good", "better"))
        corrected += any(called[others])
        plain += any(called[1])
    most = 0.05 * RUNS + 2 * math.sqrt(0.05 * 0.95 * RUNS)
    assert corrected <= most
    assert others < 4 or plain > most


def test_the_interval_is_that_of_student_with_a_share_of_the_errors() -> None:
    random = np.random.default_rng(3)
    base, tuned = random.normal(5, 1, 40), random.normal(5, 1, 40)
    made = compare(base.tolist(), tuned.tolist(), names=[f"pair {at // 2}" for at in range(40)])
    measure = MeasureScores(range=(1, 10), difference=made.mean, comparison=made.comparison)
    assert corrected_interval(measure, 1) == pytest.approx(made.interval)
    assert corrected_interval(measure, 2) == pytest.approx(made.interval)
    # 5 % / 4: the quantile of 98.75 % with 19 degrees of freedom is 2.4334 (SciPy).
    low, high = corrected_interval(measure, 4) or (0, 0)
    assert made.mean is not None and made.standard_error is not None
    assert (low, high) == pytest.approx(
        (made.mean - 2.43344 * made.standard_error, made.mean + 2.43344 * made.standard_error), abs=1e-4
    )


def test_equal_answers_to_few_questions_do_not_show_that_a_contestant_is_as_good() -> None:
    """The interval has no width then. Of 8 questions, 1 - 0.025^(1/8) = 36.9 % of others may be lost by 9 points."""
    eight, many = (compare([5.0] * number, [5.0] * number) for number in (8, 100))
    few = MeasureScores(range=(1, 10), difference=eight.mean, comparison=eight.comparison)
    enough = MeasureScores(range=(1, 10), difference=many.mean, comparison=many.comparison)
    found = quality_beside(few, "undecided", MARGIN, 1)
    assert (found.quality, found.within) == ("undecided", pytest.approx(9 * (1 - 0.025 ** (1 / 8))))
    assert quality_beside(enough, "undecided", MARGIN, 1).quality == "as_good"
    assert quality_beside(few.model_copy(update={"range": None}), "undecided", MARGIN, 1).quality == "undecided"
