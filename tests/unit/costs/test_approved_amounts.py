"""The sum that a person approves is rounded up to cents, and is the same wherever it is shown."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.doubles import RUN, MemoryFolder
from tests.unit.reporting.conftest import Bucket
from tests.unit.reporting.sample import artifacts
from tuner import approval
from tuner.artifacts.costs.amounts import approved_amount, exact_amount, money, money_at_most
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
