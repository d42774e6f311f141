"""Who costs least at which number of answers a month: recomputed by hand with round prices, and against a search."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.artifacts.report.contestants import ServiceLine
from tuner.costs.monthly.volumes import cheapest

Cost = tuple[str, float | None, float | None]
_USD = st.integers(0, 50).map(float)


def lines(costs: Sequence[Cost]) -> list[ServiceLine]:
    return [
        ServiceLine(contestant=name, title=name, name="by the token", fixed_usd=fixed, request_usd=request)
        for name, fixed, request in costs
    ]


def ranges(*costs: Cost) -> list[tuple[str, float, float | None]]:
    return [(each.contestant, each.from_answers, each.until_answers) for each in cheapest(lines(costs))]


def test_lines_cross_where_both_cost_the_same() -> None:
    # 0.001 * 20,000 = 2 + 0.0009 * 20,000; 2 + 0.0009 * 20,000 + ... = 920 at 1,020,000 answers.
    costs = (("retrieval", 0, 0.001), ("tuned", 2, 0.0009), ("throughput", 920, 0))
    assert ranges(*costs) == [
        ("retrieval", 0, pytest.approx(20_000)),
        ("tuned", pytest.approx(20_000), pytest.approx(1_020_000)),
        ("throughput", pytest.approx(1_020_000), None),
    ]


def test_a_line_that_is_never_the_lowest_is_left_out() -> None:
    assert ranges(("base", 0, 1), ("tuned", 100, 0), ("between", 90, 0.5)) == [("base", 0, 100), ("tuned", 100, None)]
    assert ranges(("base", 0, 1), ("dearer", 5, 1), ("dearest", 5, 2)) == [("base", 0, None)]


def test_equal_costs_go_to_the_first() -> None:
    assert ranges(("base", 1, 1), ("other", 1, 1)) == [("base", 0, None)]
    assert ranges(("dear", 1, 2), ("base", 1, 1)) == [("base", 0, None)]


def test_a_cost_that_is_not_known_is_not_zero() -> None:
    assert ranges(("unknown", None, 0), ("tokens", 0, None), ("base", 3, 1)) == [("base", 0, None)]
    assert ranges(("unknown", None, 0)) == []


@given(costs=st.lists(st.tuples(_USD, _USD), min_size=1, max_size=6), answers=st.floats(0, 1000))
def test_the_ranges_name_the_cheapest_at_every_number_of_answers(
    costs: list[tuple[float, float]], answers: float
) -> None:
    made = lines([(f"c{at}", *each) for at, each in enumerate(costs)])
    found = cheapest(made)
    assert found[0].from_answers == 0
    assert found[-1].until_answers is None
    assert [each.until_answers for each in found[:-1]] == [each.from_answers for each in found[1:]]
    holds = next(each for each in found if each.until_answers is None or answers <= each.until_answers)
    least = min(fixed + answers * request for fixed, request in costs)
    fixed, request = costs[int(holds.contestant[1:])]
    assert fixed + answers * request == pytest.approx(least)
