"""The break-even of the tuned model and its base model with passages: two straight lines and their crossing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.artifacts.costs.estimate import Rate
from tuner.artifacts.report.break_even import Assumptions, BreakEven, ServingOption
from tuner.core.errors import SettingsError
from tuner.costs.monthly.break_even import assumptions, break_even
from tuner.settings import RunSettings, load, parse_document
from tuner.settings.run.break_even import BreakEvenSettings

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


def option(name: str, **arguments: Any) -> ServingOption:
    return next(entry for entry in found(**arguments).ways if entry.name.startswith(name))


def test_on_demand_the_saved_passages_pay_for_the_storage() -> None:
    assert option("on demand").outcome == "from"
    assert option("on demand").requests == pytest.approx(1.95 / (1500 * 3.5e-8))


@pytest.mark.parametrize("name", ["on demand", "throughput by the hour"])
def test_at_the_crossing_both_cost_the_same(name: str) -> None:
    made = found()
    (entry,) = [entry for entry in made.ways if entry.name == name]
    assert entry.fixed_usd is not None
    assert entry.request_usd is not None
    assert entry.requests
    assert entry.fixed_usd + entry.requests * entry.request_usd == pytest.approx(
        (made.base.fixed_usd or 0) + entry.requests * (made.base.request_usd or 0)
    )


def test_throughput_costs_hours_and_units_and_nothing_per_request() -> None:
    office = option("throughput by the hour", hours_per_month=160, model_units=2)
    assert office.fixed_usd == pytest.approx(1.95 + 2 * 160 * 20)
    assert office.request_usd == 0
    assert office.per_second == pytest.approx((office.requests or 0) / (160 * 3600))


def test_a_commitment_is_paid_in_full_whatever_the_hours_of_service() -> None:
    term = option("throughput for a term of one month", usd={("throughput", "OneMonth"): 10}, hours_per_month=160)
    assert term.fixed_usd == pytest.approx(1.95 + 730 * 10)


def test_the_tuned_model_may_never_cost_less() -> None:
    dearer = option("on demand", usd={("custom_input", None): 1e-4})
    assert (dearer.outcome, dearer.requests) == ("never", None)
    assert option("on demand", passages_tokens=0).outcome == "never", "nothing saved, and storage to pay"


def test_the_tuned_model_may_always_cost_less() -> None:
    assert (option("on demand", retrieval_usd_per_month=350).outcome, option("on demand").outcome) == ("always", "from")


def test_a_higher_cost_per_request_may_cost_less_up_to_a_number_of_requests() -> None:
    entry = option("on demand", usd={("custom_output", None): 2e-6}, retrieval_usd_per_month=350)
    assert entry.outcome == "until"
    assert entry.requests
    assert entry.requests > 0


@pytest.mark.parametrize("missing", [("storage", None), ("custom_output", None), ("input", None)])
def test_an_unknown_price_makes_the_result_unknown_and_is_named(missing: tuple[str, str | None]) -> None:
    entry = option("on demand", usd={missing: None})
    assert (entry.outcome, entry.requests) == ("unknown", None)
    assert missing[0] in entry.unknown
    assert option("throughput for a term of six months").unknown == ("throughput SixMonths",)


def test_a_family_without_on_demand_serving_has_no_such_option() -> None:
    assert "on demand" not in [entry.name for entry in found(on_demand=False).ways]


def test_means_of_the_run_complete_the_settings() -> None:
    measured = assumptions(BreakEvenSettings(), 3, [40, 60], [100, 300])
    assert measured
    assert (measured.question_tokens, measured.answer_tokens, measured.model_units) == (50, 200, 3)
    assert measured.measured == ("question_tokens", "answer_tokens")
    given = assumptions(BreakEvenSettings(question_tokens=7, answer_tokens=9, model_units=1), 3, [], [])
    assert given
    assert (given.question_tokens, given.answer_tokens, given.model_units, given.measured) == (7, 9, 1, ())
    assert assumptions(BreakEvenSettings(question_tokens=7), 3, [], []) is None


_EXTREMES = st.sampled_from([5e-324, 1e-300, 1e-9, 1e-3, 1.0, 744.0, 1e18, 1e300, 1.7e308])


@given(st.dictionaries(st.sampled_from(sorted(BreakEvenSettings.model_fields)), _EXTREMES, max_size=6))
def test_any_accepted_assumptions_give_a_break_even_that_can_be_written_and_read(given: dict[str, float]) -> None:
    """The report is written when everything is paid: a number that only it cannot take must be refused before."""
    try:
        document = parse_document(json.dumps({"break_even": given}).encode(), "run.json")
        settings = load(RunSettings, document, "run.json").break_even
    except SettingsError:
        return
    assumed = assumptions(settings, 1, [3], [4])
    assert assumed
    made = break_even(assumed, [Rate(item=item, term=term, usd=usd) for (item, term), usd in MICRO.items()], True)
    assert BreakEven.model_validate_json(made.model_dump_json()) == made
