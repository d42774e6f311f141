"""Tests of closing a run that has ended: what is written, counted and published, and what is left alone."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import EXECUTION, RUN, artifacts
from tuner.artifacts.costs.amounts import exact_amount, money_at_most
from tuner.artifacts.costs.cost_items import LABELS, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.artifacts.costs.ledger import Ceilings, LedgerEntry
from tuner.artifacts.costs.token_reservation import Reservation
from tuner.artifacts.report import Report
from tuner.artifacts.training import JobRecord
from tuner.aws.executions import Execution
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.core.times import iso
from tuner.reporting import Closing, build, publish, publish_notification, step_failure


class Account:
    """The ledger, the topic and the metrics: what was asked of them, in its order."""

    def __init__(self) -> None:
        self.settled: dict[str, Decimal | None] = {}
        self.published: list[tuple[str, str]] = []
        self.counted: list[Mapping[str, float]] = []

    def reserve(self, run_id: str, dataset: str, usd: Decimal, ceilings: Ceilings, at: dt.datetime) -> LedgerEntry:
        raise AssertionError("a run that has ended reserves nothing")

    def settle(self, run_id: str, dataset: str, usd: Decimal | None, *_: object, **__: object) -> LedgerEntry | None:
        self.settled[run_id] = usd
        return None

    def entries(self, month: str) -> tuple[LedgerEntry, ...]:
        return ()

    def find(self, run_id: str) -> LedgerEntry | None:
        return None

    def committed(self, month: str, dataset: str | None = None) -> Decimal:
        raise AssertionError("nobody asks for a sum")

    def notify(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        self.published.append((attributes["status"], subject))


@pytest.fixture
def account() -> Account:
    return Account()


def closing(account: Account) -> Closing:
    return Closing(account, account.notify, account.counted.append, clock=lambda: AT)


def reported(folder: RunFolder, failed: bool) -> Report:
    failure = step_failure("DatasetError", "training.jsonl, line 3: not JSON.") if failed else None
    report = build(folder, failure, at=AT)
    publish(folder, report)
    return report


def stop(account: Account, folder: RunFolder, **execution: Any) -> None:
    given = {"status": "ABORTED", "started_at": AT, "cause": "enough", **execution}
    closing(account).unsuccessful(folder, "ABORTED", Execution(**given), EXECUTION)


def test_a_run_without_a_report_is_reported_counted_settled_and_published(
    account: Account, folder_of: FolderOf
) -> None:
    folder = folder_of(artifacts())
    stop(account, folder)
    report = folder.load(Report)
    assert (report.status, report.execution_arn) == ("ABORTED", EXECUTION)
    assert [line["RunsFailed"] for line in account.counted] == [1]
    assert account.settled.keys() == {RUN}
    assert account.published == [("ABORTED", f"Fine-tuning {RUN} was stopped")]


def test_a_run_that_was_reported_and_published_is_only_settled(account: Account, folder_of: FolderOf) -> None:
    folder = folder_of(artifacts())
    report = reported(folder, failed=True)
    publish_notification(folder, report, account.notify)
    before = folder.read(Keys.REPORT)
    stop(account, folder)
    assert folder.read(Keys.REPORT) == before
    assert account.counted == []
    assert account.settled.keys() == {RUN}
    assert account.published == [("FAILED", f"Fine-tuning {RUN} failed")]


def test_a_report_of_success_is_written_again_for_a_run_that_was_stopped_after_it(
    account: Account, folder_of: FolderOf
) -> None:
    folder = folder_of(artifacts())
    publish_notification(folder, reported(folder, failed=False), account.notify)
    stop(account, folder)
    assert folder.load(Report).status == "ABORTED"
    assert [status for status, _ in account.published] == ["SUCCEEDED", "ABORTED"]


def test_an_execution_with_the_name_of_an_earlier_run_is_only_published(account: Account, folder_of: FolderOf) -> None:
    folder = folder_of(artifacts())
    before = set(folder.list(""))
    stop(account, folder, started_at=AT + dt.timedelta(days=91))
    assert set(folder.list("")) == before
    assert (account.counted, account.settled) == ([], {})
    assert account.published == [("ABORTED", f"Fine-tuning {RUN} was not repeated")]


def test_the_sweep_settles_every_run_that_does_not_run_any_more(account: Account, folder_of: FolderOf) -> None:
    folders = {"running": folder_of({}), "broken": folder_of({Keys.REPORT: b"{}"}), RUN: folder_of(artifacts())}
    entries = [LedgerEntry(run_id=run, dataset="faq", month="2026-11", reserved_usd=Decimal(9)) for run in folders]
    status_of = {"running": "RUNNING", "broken": "FAILED"}.get
    runs, (failure,) = closing(account).open_entries(entries, status_of, folders.__getitem__)
    assert runs == ("broken", RUN)
    assert isinstance(failure, ArtifactError)
    assert account.settled == {RUN: None}


@pytest.mark.parametrize(("minutes", "ended"), [(1, ()), (61, (RUN,))])
def test_the_sweep_leaves_a_run_that_has_just_begun_and_is_not_seen_yet(
    account: Account, folder_of: FolderOf, minutes: int, ended: tuple[str, ...]
) -> None:
    """Its preflight reserves some seconds after the start. An entry that is closed could not be raised any more."""
    reserved_at = iso(AT - dt.timedelta(minutes=minutes))
    entry = LedgerEntry(run_id=RUN, dataset="faq", month="2026-11", reserved_usd=Decimal(9), reserved_at=reserved_at)
    runs, _ = closing(account).open_entries([entry], lambda _: None, lambda _: folder_of({}))
    assert runs == ended


def _item(which: CostItemId, quantity: float, price: float) -> CostItem:
    most = {"at_most": 2 * quantity, "at_most_usd": 2 * quantity * price}
    return CostItem(id=which, name=LABELS[which], quantity=quantity, unit_price_usd=price, usd=quantity * price, **most)


@pytest.mark.parametrize("ending", ["stopped_at", "left_at"])
@pytest.mark.parametrize("answered", [True, False])
def test_report_and_ledger_agree_on_a_run_that_was_stopped_in_its_training(
    account: Account, folder_of: FolderOf, ending: str, answered: bool
) -> None:
    """Bedrock charges a stopped job for the tokens that it trained, which it does not tell, and makes no model of it.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-stop.html
    A job that was left to complete makes one, which is billed by the month.
    """
    items = (
        _item(CostItemId.TRAINING, 25_000, 1e-6),
        _item(CostItemId.CUSTOM_MODEL_STORAGE, 0.5, 1.95),
        _item(CostItemId.BASE_MODEL_OUTPUT, 1_000, 1e-5),
        _item(CostItemId.THROUGHPUT, 1, 108.15),
    )
    estimate = Estimate(items=items, total_usd=1.0, at_most_usd=2.03, budget_usd=500)
    ended = {Keys.TRAINING_SUMMARY, Keys.ENDPOINT, Keys.SCORES, Keys.GATE, Keys.answers("tuned", 0)}
    if not answered:  # with `serving: none`, no model is asked
        ended |= {name for name in artifacts() if name.startswith("answers/")}
    things = {name: data for name, data in artifacts().items() if name not in ended}
    folder = folder_of({**things, Keys.ESTIMATE: estimate.model_dump_json().encode()})
    record = JobRecord(run_id=RUN, trained_by=RUN, job_name="tuner", recorded_at="2026-11-23T08:00:00Z", job_arn="arn")
    folder.save(record.model_copy(update={ending: "2026-11-23T08:05:00Z"}))
    if answered:
        calls = Reservation(input_tokens=10, output_tokens=300)
        folder.write(Reservation.name("base", 0), calls.model_dump_json().encode())
    stop(account, folder)
    bill = folder.load(Report).bill
    assert bill
    assert bill.at_most_usd is not None
    training, storage, answers = 0.05, (0 if ending == "stopped_at" else 1.95), 300 * 1e-5 * answered
    assert bill.at_most_usd == pytest.approx(training + storage + answers)
    assert account.settled == {RUN: exact_amount(bill.at_most_usd)}, "as the ledger counts it"
    assert (bill.not_measured, bill.unpriced) == (("Training",), ())
    assert bill.sentence.endswith(f" measured, at most {money_at_most(bill.at_most_usd)}; not measured: Training")
