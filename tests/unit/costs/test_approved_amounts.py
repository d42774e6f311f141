"""The sum that a person approves is rounded up to cents, and is the same wherever it is shown."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.doubles import RUN, MemoryFolder
from tests.unit.reporting.conftest import Bucket
from tests.unit.reporting.sample import artifacts
from tuner import approval
from tuner.artifacts.costs.amounts import (
    approved_amount,
    decimals_of,
    exact_amount,
    exact_money,
    money,
    money_at_most,
    money_of_sum,
)
from tuner.artifacts.costs.estimate import Estimate, WorstCase
from tuner.aws.s3.run_folder import RunFolder
from tuner.cli.progress.paid_window import estimated
from tuner.core.artifact_keys import Keys
from tuner.costs.spending_decision import spending_reason
from tuner.reporting import build, page

MOST = 3.7912
"""To the nearest cent it is 3.79, which is less than the run can cost."""


def estimate() -> Estimate:
    made = json.loads(artifacts()[Keys.ESTIMATE])
    return Estimate.model_validate({**made, "total_usd": 1.2, "at_most_usd": MOST, "approval_usd": 1})


def test_every_text_about_an_approval_has_the_same_sum() -> None:
    folder = MemoryFolder(files={Keys.ESTIMATE: estimate().model_dump_json().encode()})
    now = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
    subject, mail = approval.request_approval(folder, SecretStr("token"), 3600, now, again=True)
    request = approval.find_request(folder)
    assert request
    stored = RunFolder("bucket", RUN, Bucket())
    for name, content in {**artifacts(), Keys.ESTIMATE: estimate().model_dump_json().encode()}.items():
        stored.write(name, content)
    report = build(stored)
    texts = (subject, mail, request.sentence(RUN), spending_reason(estimate()), estimated(estimate()), page(report))
    assert all("$3.80" in text and "3.79" not in text for text in texts)
    assert request.approve_command(RUN) == f"tuner approve {RUN} --at-most 3.80"
    assert (request.worst_case_usd, estimate().worst_case_usd, estimate().worst_case.usd) == (3.8, 3.8, 3.8)


def test_an_approval_by_an_earlier_version_holds_for_the_rounded_sum() -> None:
    """A run can be approved before an update of the deployment, and be decided again after it."""
    assert WorstCase(usd=MOST).holds(WorstCase(usd=3.8))
    assert not WorstCase(usd=MOST).holds(WorstCase(usd=3.81))


@given(usd=st.floats(0, 1e7, allow_nan=False))
def test_an_approved_amount_is_whole_cents_and_never_less(usd: float) -> None:
    rounded = approved_amount(usd)
    assert -1e-6 <= rounded - usd < 0.01 + 1e-6
    assert approved_amount(rounded) == rounded
    assert Decimal(str(rounded)) == round(Decimal(str(rounded)), 2)
    assert exact_amount(rounded) == Decimal(str(rounded)), "the ledger reserves what was approved"


@pytest.mark.parametrize(
    ("usd", "nearest", "most"),
    [
        (3.7912, "$3.79", "$3.80"),
        (3.8000000000000003, "$3.80", "$3.80"),
        (1234.5601, "$1,234.56", "$1,234.57"),
        (0.0461, "$0.05", "$0.05"),
        (0.00421, "$0.0042", "$0.0043"),
        (0, "$0.00", "$0.00"),
        (None, "not known", "not known"),
    ],
)
def test_a_limit_is_rounded_up_and_any_other_amount_to_the_nearest(usd: float | None, nearest: str, most: str) -> None:
    assert (money(usd), money_at_most(usd)) == (nearest, most)


def _sum_of(shown: list[str]) -> Decimal:
    return sum((Decimal(text.lstrip("$").replace(",", "")) for text in shown), Decimal())


@given(st.lists(st.one_of(st.floats(0.000001, 0.02), st.floats(0.01, 3000)), min_size=1, max_size=13), st.booleans())
@example([0.0199, 0.0004], True)
@example([1.004, 1.004, 1.004], False)
@example([0.18, 1.95, 0.036, 1.033, 0.625, 0.114], True)
def test_rows_add_up_to_the_sum_that_is_shown_below_them(amounts: list[float], is_limit: bool) -> None:
    total = (money_at_most if is_limit else money)(sum(amounts))
    shown = money_of_sum(amounts, total)
    if max(amounts) >= 0.01:  # else both are rounded to two digits
        assert abs(_sum_of(shown) - _sum_of([total])) <= Decimal("0.005")
    for usd, text in zip(amounts, shown, strict=True):
        assert abs(_sum_of([text]) - Decimal(str(usd))) < Decimal("0.021")


def test_rows_without_a_price_and_rows_below_a_cent_stay_as_they_are() -> None:
    assert money_of_sum([None, 0, 0.000096, 1.004, 1.004], "$2.01") == [
        "not known",
        "$0.00",
        "$0.000096",
        "$1.01",
        "$1.00",
    ]
    assert money_of_sum([None, 0.004], "$0.0040") == ["not known", "$0.0040"]
    assert money_of_sum([None], "not known") == ["not known"]
    assert money_of_sum([1.006, 2], "$50.00") == ["$1.01", "$2.00"], "of another sum"


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
def test_amounts_of_the_ledger_are_shown_whole(millionths: list[int]) -> None:
    amounts = [Decimal(number) / 10**6 for number in millionths]
    decimals = decimals_of(amounts)
    shown = [exact_money(usd, decimals) for usd in amounts]
    assert _sum_of(shown) == sum(amounts)
    assert 2 <= decimals <= 6
    assert len({len(text.partition(".")[2]) for text in shown}) == 1


def test_amounts_of_the_ledger_have_only_the_decimals_that_they_need() -> None:
    assert (decimals_of([]), decimals_of([Decimal("3.00"), 1.95]), decimals_of([1.9604, 2])) == (2, 2, 4)
    assert (exact_money(1.9604, 4), exact_money(2.1 + 0.2, 2), exact_money(1234, 2)) == (
        "$1.9604",
        "$2.30",
        "$1,234.00",
    )
