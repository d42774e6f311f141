"""Tests of closing a run that has ended: what is written, counted and published, and what is left alone."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import EXECUTION, RUN, artifacts
from tuner.artifacts.costs.ledger import Ceilings, LedgerEntry
from tuner.artifacts.report import Report
from tuner.aws.executions import Execution
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.reporting import Closing, build, publish, publish_notification, step_failure
from tuner.settings import DeploymentSettings


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

    def notify(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        self.published.append((attributes["status"], subject))


@pytest.fixture
def account() -> Account:
    return Account()


def closing(account: Account) -> Closing:
    return Closing(account, DeploymentSettings(), account.notify, account.counted.append, clock=lambda: AT)


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
