"""The break-even on the page: each serving option, the assumptions, and a chart."""

import json

import pytest

from tests.unit.costs.monthly.test_break_even import found
from tests.unit.reporting.compared import compared
from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.core.artifact_keys import Keys
from tuner.reporting import Report, build, page
from tuner.reporting.collect.break_even import assumed, outcome
from tuner.reporting.page.charts import break_even_chart

RATES = [
    {"item": item, "term": term, "usd": usd, "source": "s"}
    for item, term, usd in [
        ("input", None, 3.5e-8),
        ("output", None, 1.4e-7),
        ("custom_input", None, 3.5e-8),
        ("custom_output", None, 1.4e-7),
        ("storage", None, 1.95),
        ("throughput", "hourly", None),
        ("throughput", "OneMonth", None),
        ("throughput", "SixMonths", None),
    ]
]


@pytest.fixture
def whole(folder_of: FolderOf) -> Report:
    things = artifacts()
    estimate = json.loads(things[Keys.ESTIMATE])
    things[Keys.ESTIMATE] = json.dumps({**estimate, "rates": RATES}).encode()
    return build(folder_of(things))


def words(**arguments: object) -> list[str]:
    return [outcome(option) for option in found(**arguments).ways]  # type: ignore[arg-type]


def test_the_break_even_uses_the_tokens_of_the_run(whole: Report) -> None:
    assert whole.break_even
    tuned = [question.tuned for question in whole.questions if question.tuned and question.tuned.input_tokens]
    mean = sum(answer.input_tokens or 0 for answer in tuned) / len(tuned)
    assert whole.break_even.assumptions.question_tokens == pytest.approx(mean)
    (on_demand, *others) = whole.break_even.ways
    assert (on_demand.outcome, {way.outcome for way in others}) == ("from", {"unknown"})


def test_a_run_that_measured_passages_assumes_none(folder_of: FolderOf) -> None:
    measured = build(folder_of(compared()))
    assert measured.break_even is None
    assert "retrieved passages" not in page(measured)
    assert [(line.contestant, line.name) for line in measured.monthly_costs][:3] == [
        ("base", "by the token"),
        ("tuned", "on demand"),
        ("tuned", "throughput by the hour"),
    ]
    assert build(folder_of(compared({"base": 3.0, "tuned": 7.0}))).break_even is not None


def test_the_page_shows_each_option_the_assumptions_and_a_chart(whole: Report) -> None:
    shown = page(whole)
    assert "When the tuned model costs less than its base model with retrieved passages" in shown
    assert "from 37,143 requests a month" in shown
    assert "unknown: there is no price for throughput hourly" in shown
    assert "another 1,500 tokens of passages" in shown
    assert 'aria-label="Costs a month: on demand"' in shown
    assert "costs-tuned" in shown


def test_an_estimate_of_an_earlier_version_has_no_break_even(report: Report) -> None:
    assert report.break_even is None
    assert "retrieved passages" not in page(report)


def test_always_and_never_are_outcomes() -> None:
    assert words(passages_tokens=0)[0] == "never"
    assert words(retrieval_usd_per_month=350)[0] == "always"
    assert words(usd={("custom_output", None): 2e-6}, retrieval_usd_per_month=350)[0].startswith("up to ")


def test_a_high_rate_is_shown_per_second() -> None:
    assert words()[1].endswith(" a second)")
    assert not words()[0].endswith(" a second)")


def test_without_a_known_price_there_is_no_chart() -> None:
    assert break_even_chart(found({("input", None): None})) is None
    assert break_even_chart(found(passages_tokens=0)) is not None


def test_assumptions_from_the_settings_are_marked() -> None:
    assert "as given in run.yaml" in next(assumed(found()))
