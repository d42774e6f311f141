"""When the tuned model costs less a month than its base with passages: two straight lines, and where they meet."""

from typing import Any

import pytest

from tuner.artifacts.estimate import Rate
from tuner.costs.break_even import Assumptions, BreakEven, Way, assumptions, break_even
from tuner.settings.break_even import BreakEvenSettings

ASSUMED = Assumptions(
    passages_tokens=1500,
    question_tokens=50,
    answer_tokens=100,
    hours_per_month=730,
    model_units=1,
    retrieval_usd_per_month=0,
)
MICRO = {
    ("input", None): 3.5e-8,
    ("output", None): 1.4e-7,
    ("custom_input", None): 3.5e-8,
    ("custom_output", None): 1.4e-7,
    ("storage", None): 1.95,
    ("throughput", "hourly"): 20.0,
}


def found(usd: dict[Any, float | None] | None = None, on_demand: bool = True, **changes: Any) -> BreakEven:
    prices = {**MICRO, **(usd or {})}
    rates = [Rate(item=item, term=term, usd=price, source="s") for (item, term), price in prices.items()]
    return break_even(ASSUMED.model_copy(update=changes), rates, on_demand)


def way(name: str, **arguments: Any) -> Way:
    return next(entry for entry in found(**arguments).ways if entry.name.startswith(name))


def test_on_demand_what_is_saved_are_the_passages_and_what_is_added_is_the_storage() -> None:
    assert way("on demand").outcome == "from"
    assert way("on demand").requests == pytest.approx(1.95 / (1500 * 3.5e-8))


@pytest.mark.parametrize("name", ["on demand", "throughput by the hour"])
def test_where_they_meet_both_cost_the_same(name: str) -> None:
    made = found()
    (entry,) = [entry for entry in made.ways if entry.name == name]
    assert entry.fixed_usd is not None
    assert entry.request_usd is not None
    assert entry.requests
    assert entry.fixed_usd + entry.requests * entry.request_usd == pytest.approx(
        (made.base.fixed_usd or 0) + entry.requests * (made.base.request_usd or 0)
    )


def test_throughput_is_paid_for_the_hours_of_service_and_by_the_unit_and_not_by_the_request() -> None:
    office = way("throughput by the hour", hours_per_month=160, model_units=2)
    assert office.fixed_usd == pytest.approx(1.95 + 2 * 160 * 20)
    assert office.request_usd == 0
    assert office.per_second == pytest.approx((office.requests or 0) / (160 * 3600))


def test_a_term_is_paid_in_full_whatever_the_hours_of_service() -> None:
    term = way("throughput for a term of one month", usd={("throughput", "OneMonth"): 10}, hours_per_month=160)
    assert term.fixed_usd == pytest.approx(1.95 + 730 * 10)


def test_never_is_an_answer() -> None:
    dearer = way("on demand", usd={("custom_input", None): 1e-4})
    assert (dearer.outcome, dearer.requests) == ("never", None)
    assert way("on demand", passages_tokens=0).outcome == "never", "nothing saved, and storage to pay"


def test_always_is_an_answer() -> None:
    assert (way("on demand", retrieval_usd_per_month=350).outcome, way("on demand").outcome) == ("always", "from")


def test_what_is_dearer_by_the_request_may_cost_less_up_to_some_number() -> None:
    entry = way("on demand", usd={("custom_output", None): 2e-6}, retrieval_usd_per_month=350)
    assert entry.outcome == "until"
    assert entry.requests
    assert entry.requests > 0


@pytest.mark.parametrize("missing", [("storage", None), ("custom_output", None), ("input", None)])
def test_what_rests_on_an_unknown_price_is_unknown_and_names_it(missing: tuple[str, str | None]) -> None:
    entry = way("on demand", usd={missing: None})
    assert (entry.outcome, entry.requests) == ("unknown", None)
    assert missing[0] in entry.unknown
    assert way("throughput for a term of six months").unknown == ("throughput SixMonths",)


def test_a_family_that_is_not_served_on_demand_has_no_such_way() -> None:
    assert "on demand" not in [entry.name for entry in found(on_demand=False).ways]


def test_the_runs_own_means_fill_what_the_settings_leave_open() -> None:
    measured = assumptions(BreakEvenSettings(), 3, [40, 60], [100, 300])
    assert measured
    assert (measured.question_tokens, measured.answer_tokens, measured.model_units) == (50, 200, 3)
    assert measured.measured == ("question_tokens", "answer_tokens")
    given = assumptions(BreakEvenSettings(question_tokens=7, answer_tokens=9, model_units=1), 3, [], [])
    assert given
    assert (given.question_tokens, given.answer_tokens, given.model_units, given.measured) == (7, 9, 1, ())
    assert assumptions(BreakEvenSettings(question_tokens=7), 3, [], []) is None
