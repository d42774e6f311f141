"""Intervals of the difference of paired shares: against a likelihood that is maximised by SciPy, and by error rates."""

import math
from collections.abc import Callable

import pytest
from scipy import optimize, stats

from tuner.evaluation.guard.paired_shares import Found, adjusted_interval, score_interval


def score(wins: int, losses: int, questions: int, difference: float) -> float:
    """The score statistic, with the most likely share of losses found by a search."""

    def unlikely(share: float) -> float:
        counts = ((wins, share + difference), (losses, share), (questions - wins - losses, 1 - 2 * share - difference))
        return -sum(count * math.log(max(each, 1e-300)) for count, each in counts if count)

    ends = max(0.0, -difference), (1 - difference) / 2
    inner = optimize.minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-13}).x
    share = min((inner, *ends), key=unlikely)
    variance = questions * (2 * share + difference * (1 - difference))
    return float((wins - losses - questions * difference) / math.sqrt(variance))


@pytest.mark.parametrize(
    ("wins", "losses", "questions"), [(0, 1, 80), (3, 10, 60), (12, 2, 44), (5, 5, 30), (0, 20, 80)]
)
def test_the_ends_are_where_the_likelihood_is_1_96_standard_errors_away(wins: int, losses: int, questions: int) -> None:
    (low, high), p = score_interval(wins, losses, questions)
    assert score(wins, losses, questions, low) == pytest.approx(1.959964, abs=1e-4)
    assert score(wins, losses, questions, high) == pytest.approx(-1.959964, abs=1e-4)
    assert p == pytest.approx(stats.chi2.sf((wins - losses) ** 2 / (wins + losses), 1)), "McNemar's test"
    assert (p < 0.05) is not (low <= 0 <= high)


def test_without_a_difference_the_interval_is_that_of_a_share_of_none() -> None:
    (low, high), p = score_interval(0, 0, 80)
    end = 1.959964**2 / (80 + 1.959964**2)
    assert (-low, high, p) == pytest.approx((end, end, 1))
    (low, high), p = score_interval(8, 0, 8)
    assert (0 < low < high, high, p < 0.01) == (True, pytest.approx(1), True)


@pytest.mark.parametrize(("questions", "margin"), [(80, 0.05), (100, 0.05), (200, 0.05), (35, 0.1)])
def test_a_loss_of_the_margin_is_inside_the_interval_at_most_one_time_in_40(questions: int, margin: float) -> None:
    """The model passes nothing that the base model does not. By Agresti and Min's interval, it is 8.6 % for 80."""

    def accepted(interval: Callable[[int, int, int], Found]) -> float:
        counts = range(questions + 1)
        inside = [losses for losses in counts if interval(0, losses, questions)[0][0] > -margin]
        return float(sum(stats.binom.pmf(losses, questions, margin) for losses in inside))

    assert accepted(score_interval) < 0.026
    assert questions != 80 or accepted(adjusted_interval) > 0.08
