"""What a run counts with in the ledger of the month after its end."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.doubles import RUN, MemoryFolder, manifest
from tests.unit.costs.test_reservation import NOON, OthersSpent, entry
from tests.unit.reporting.conftest import Bucket
from tests.unit.reporting.sample import artifacts
from tuner.artifacts.costs.cost_items import COMMITMENTS, OVERHEAD, TESTS, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.artifacts.costs.ledger import Ceiling
from tuner.artifacts.costs.token_reservation import judge_payer
from tuner.artifacts.report import Failure, Report
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError
from tuner.costs.ledger.reservation import settle
from tuner.costs.ledger.spent import METERED as METERED_ITEMS
from tuner.costs.ledger.spent import PaidUse, spent
from tuner.costs.meter import FolderReservationStore, Meter, Tokens
from tuner.reporting import build

TRAINED, NO_JOB = PaidUse(has_training_job=True), PaidUse()


@pytest.fixture(scope="module")
def sample() -> Report:
    """A run that succeeded, whose estimate has a worst case of 500 for the items that it has one for."""
    folder = RunFolder("artifacts", RUN, s3=Bucket())
    for name, data in artifacts().items():
        folder.write(name, data)
    found = build(folder)
    assert found.estimate
    items = [item.model_copy(update={"at_most_usd": 500.0}) for item in found.estimate.items]
    return found.model_copy(update={"estimate": found.estimate.model_copy(update={"items": tuple(items)})})


def failed(report: Report, **update: Any) -> Report:
    return report.model_copy(update={"status": "FAILED", **update})


def test_a_success_counts_with_its_bill_and_unknown_items_with_their_worst_case(sample: Report) -> None:
    assert sample.bill
    unknown = [item for item in sample.bill.items if item.usd is None]
    assert sample.bill.total_usd is not None
    expected = sample.bill.total_usd + 500 * len(unknown)
    assert spent(sample, TRAINED) == pytest.approx(Decimal(expected), abs=Decimal("0.00001"))


def test_a_run_that_nobody_approved_spent_no_more_than_its_preparation(sample: Report) -> None:
    items = (
        CostItem(id=CostItemId.GENERATION_OUTPUT, name="GENERATION_OUTPUT", usd=2.0, at_most_usd=3.0),
        CostItem(id=CostItemId.TRAINING, name="TRAINING", usd=70.0, at_most_usd=100.0),
        CostItem(id=CostItemId.S3_WRITES, name="S3_WRITES", usd=0.25, at_most_usd=1.0),
    )
    estimate = Estimate(items=items, total_usd=72, at_most_usd=104, budget_usd=500)
    waited = {"asked_at": "2026-11-28T12:00:00Z", "expires_at": "2026-11-29T12:00:00Z"}
    document = sample.model_dump() | {"status": "FAILED", "bill": None, "estimate": estimate.model_dump()}
    for members in (
        {"approval": {**waited, "decision": "rejected", "by": "me", "at": "2026-11-28T13:00:00Z"}},
        {"approval": waited},
        {"failure": {"error": "BudgetExceededError", "message": "too dear"}},
    ):
        assert spent(Report.model_validate(document | members), NO_JOB) == Decimal("2.25")
    approved = {"approval": {**waited, "decision": "approved", "by": "me", "at": "2026-11-28T13:00:00Z"}}
    assert spent(Report.model_validate(document | approved), TRAINED) == Decimal(103)
    assert spent(Report.model_validate(document | approved), NO_JOB) == Decimal(3)


def test_what_a_step_that_was_cut_off_had_asked_for_counts_with_its_worst_case(sample: Report) -> None:
    lost = failed(sample)
    assert lost.estimate
    assert lost.bill
    asked = {CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT, CostItemId.TUNED_MODEL_INPUT}
    asked |= {CostItemId.TUNED_MODEL_OUTPUT, CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT}
    billed = sum(500 if item.id in asked or item.usd is None else item.usd for item in lost.bill.items)
    assert spent(lost, TRAINED) == pytest.approx(Decimal(billed), abs=Decimal("0.00001"))


@dataclass
class Reply:
    input_tokens: int
    output_tokens: int


@pytest.mark.parametrize("part", ["", Keys.candidate(2)], ids=["a single customization", "a candidate"])
def test_a_recorded_job_of_any_customization_may_have_trained(sample: Report, part: str) -> None:
    folder = MemoryFolder(files={part + Keys.TRAINING_JOB: b"{}"})
    assert PaidUse.of(folder, failed(sample)).has_training_job
    assert not PaidUse.of(MemoryFolder(), failed(sample)).has_training_job


def item(which: CostItemId, at_most: float, price: float = 1.0) -> CostItem:
    most = {"at_most": at_most, "at_most_usd": at_most * price}
    return CostItem(id=which, name=which, quantity=at_most / 2, unit_price_usd=price, usd=at_most * price / 2, **most)


METERED = (
    item(CostItemId.GENERATION_INPUT, 1000),
    item(CostItemId.BASE_MODEL_INPUT, 1000),
    item(CostItemId.BASE_MODEL_OUTPUT, 500),
    item(CostItemId.JUDGE_INPUT, 4000),
)


def ended(sample: Report, status: str, *items: CostItem, **more: Any) -> Report:
    made = Estimate(items=items, total_usd=1, at_most_usd=2, budget_usd=500)
    found = {"estimate": made, "bill": None, "training": None, "serving": None, "approval": None, "failure": None}
    return sample.model_copy(update={**found, "status": status, **more})


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_calls_count_with_what_replies_used_and_with_all_that_was_reserved_for_the_others(
    sample: Report, status: str
) -> None:
    folder = MemoryFolder()
    with Meter(FolderReservationStore(folder, "base", 0), Tokens(600, 300)) as meter:
        meter.ask(Tokens(100, 50), lambda: Reply(40, 7))
        with pytest.raises(RetryableError), meter.call(Tokens(100, 50)):
            raise RetryableError("the reply was lost")
    # This invocation is killed in its only call: a tenth of the allotment is reserved at once.
    Meter(FolderReservationStore(folder, "base", 1), Tokens(600, 300)).ask(Tokens(20, 10), lambda: Reply(20, 10))
    expected = (40 + 100 + 60) + (7 + 50 + 30)
    report = ended(sample, status, *METERED)
    assert spent(report, PaidUse.of(folder, report)) == Decimal(expected)
    assert spent(report, PaidUse.of(MemoryFolder(), report)) == 0, "no call was made"


def test_each_judge_counts_with_its_own_calls_and_price(sample: Report) -> None:
    folder = MemoryFolder()
    for place, used in enumerate((10, 20)):
        with Meter(FolderReservationStore(folder, judge_payer(place)), Tokens(100, 0)) as meter:
            meter.ask(Tokens(50, 0), partial(Reply, used, 0))
    judges = [
        item(CostItemId.JUDGE_INPUT, 100, price).model_copy(update={"model": name})
        for name, price in (("first", 1), ("second", 3))
    ]
    report = ended(sample, "FAILED", *judges)
    assert spent(report, PaidUse.of(folder, report)) == Decimal(10 * 1 + 20 * 3)


def test_data_that_was_generated_before_the_run_failed_counts(sample: Report) -> None:
    folder = MemoryFolder()
    with Meter(FolderReservationStore(folder, "generation"), Tokens(1000, 0)) as meter:
        meter.ask(Tokens(300, 0), lambda: Reply(250, 0))
    refused = ended(sample, "FAILED", *METERED, failure=Failure(error="BudgetExceededError", message="too dear"))
    assert spent(refused, PaidUse.of(folder, refused)) == Decimal(250)


def test_throughput_of_a_run_that_was_cut_off_counts_by_the_hour_only_once_it_is_released(sample: Report) -> None:
    items = (item(CostItemId.THROUGHPUT, 25, 20), item(CostItemId.CUSTOM_MODEL_STORAGE, 1, 2))
    serving = sample.serving
    assert serving
    assert sample.bill
    bill = sample.bill.model_copy(update={"items": (items[0].model_copy(update={"quantity": 1, "usd": 20.0}),)})
    for found, expected in (
        (serving.model_copy(update={"released_at": "2026-11-28T12:00:00Z"}), 20),
        (serving.model_copy(update={"released_at": None}), 500),
    ):
        report = ended(sample, "ABORTED", *items, serving=found, bill=bill, training=sample.training)
        assert spent(report, TRAINED) == Decimal(expected)
    buying = PaidUse(has_training_job=True, may_have_bought=True)
    stopped = ended(sample, "ABORTED", *items)
    assert spent(stopped, buying) == Decimal(502), "the model may exist, and its endpoint too"
    refused = ended(sample, "FAILED", *items, failure=Failure(error="QuotaError", message="no model units"))
    assert spent(refused, buying) == Decimal(2)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_the_tests_of_the_preflight_count_with_all_that_may_have_been_made(sample: Report, status: str) -> None:
    test = CostItem(id=CostItemId.JUDGE_TEST, name="t", usd=1, quantity=1, at_most=17, at_most_usd=17, unit_price_usd=1)
    refused = Failure(error="BudgetExceededError", message="m")
    found = ended(sample, status, test, failure=refused if status == "FAILED" else None)
    assert spent(found, NO_JOB) == Decimal(17)


def test_the_calls_of_a_scorer_count_as_the_meter_says(sample: Report) -> None:
    calls = CostItem(
        id=CostItemId.SCORER_CALLS, name="c", usd=1, quantity=10, at_most=80, at_most_usd=8, unit_price_usd=0.1
    )
    assert spent(ended(sample, "FAILED", calls), PaidUse({"scorer": Tokens(13, 0)})) == Decimal("1.3")


def test_every_item_of_an_estimate_is_metered_or_counted_otherwise() -> None:
    otherwise = {
        CostItemId.TRAINING,
        CostItemId.CUSTOM_MODEL_STORAGE,
        CostItemId.THROUGHPUT,
        CostItemId.KEPT_THROUGHPUT,
        CostItemId.OTHER,
        *COMMITMENTS,
        *OVERHEAD,
        *TESTS,
    }
    assert set(METERED_ITEMS) | otherwise == set(CostItemId)
    assert not set(METERED_ITEMS) & otherwise


def test_a_report_with_unreadable_artifacts_does_not_lower_the_spending(sample: Report) -> None:
    assert spent(failed(sample, unreadable=("estimate.json: broken",)), TRAINED) is None
    assert spent(failed(sample, estimate=None), NO_JOB) is None


def test_a_run_without_a_report_keeps_its_reservation(sample: Report) -> None:
    ledger = OthersSpent()
    settle(ledger, MemoryFolder(), None, NOON)
    settle(ledger, MemoryFolder(), sample, NOON)
    (unknown, known) = ledger.settled
    assert unknown == (RUN, "", None)
    assert known == (RUN, sample.dataset, spent(sample, NO_JOB))


def test_the_ledger_has_no_less_than_the_report_of_the_run(sample: Report) -> None:
    """A function that was at work when the report was written gave back what it had reserved."""
    ledger, folder = OthersSpent(), MemoryFolder()
    assert sample.bill
    later = spent(sample, NO_JOB)
    assert later is not None
    for reported, expected in ((float(later) + 1, later + 1), (float(later) - 1, later), (None, later)):
        bill = sample.bill.model_copy(update={"at_most_usd": reported})
        settle(ledger, folder, sample.model_copy(update={"bill": bill}), NOON)
        assert ledger.settled[-1][2] == expected


@pytest.mark.parametrize("passed", [(), ("dataset",)])
def test_a_run_that_fails_before_its_estimate_keeps_its_test_requests_unless_it_sent_none(
    sample: Report, passed: tuple[Ceiling, ...]
) -> None:
    ledger = OthersSpent()
    ledger.found = entry(RUN, "faq", 0.05, passed=passed)
    report = failed(sample, estimate=None, failure=Failure(error="DatasetError", message="x"))
    settle(ledger, MemoryFolder(), report, NOON)
    assert ledger.settled == [(RUN, sample.dataset, Decimal(0) if passed else None)]


def test_a_run_that_ends_before_its_inputs_are_pinned_is_not_entered(sample: Report) -> None:
    ledger = OthersSpent()
    settle(ledger, MemoryFolder(), failed(sample, estimate=None), NOON)
    assert ledger.settled == [(RUN, sample.dataset, None)]


def test_a_run_whose_files_cannot_be_read_keeps_its_worst_case(sample: Report) -> None:
    folder, ledger = MemoryFolder(), OthersSpent()
    folder.save(manifest())
    settle(ledger, folder, failed(sample, estimate=None, unreadable=("estimate.json",)), NOON)
    assert ledger.settled == [(RUN, sample.dataset, None)]
