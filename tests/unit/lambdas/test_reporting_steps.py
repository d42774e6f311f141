"""Tests of write_report, notify and close_run: the report, its notification, and the metrics of the run."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from lambdas import close_run, notify, write_report
from tests.doubles import create_state_table, stored_json
from tests.lambda_context import CONTEXT
from tests.unit.reporting.sample import EXECUTION, RUN, artifacts
from tuner.artifacts.costs.ledger import Ceilings
from tuner.aws.clients import client
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.aws.executions import VISIBLE, Execution
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError, EvaluationError, RunRefusedError
from tuner.core.times import now

BUCKET = "artifacts"
CAUGHT = {
    "error": "DatasetError",
    "cause": json.dumps({"errorMessage": "training.jsonl, line 3: not JSON.", "errorType": "DatasetError"}),
}


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cloud with an artifacts bucket and a topic; what is published to the topic can be read from the queue."""
    with mock_aws():
        client("s3").create_bucket(Bucket=BUCKET)
        create_state_table()
        topic = client("sns").create_topic(Name="runs")["TopicArn"]
        sqs = client("sqs")
        queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
        for name, value in {
            "DEPLOYMENT": "{}",
            "DATA_BUCKET": "data",
            "ARTIFACTS_BUCKET": BUCKET,
            "STATE_TABLE": "state",
            "TOPIC_ARN": topic,
        }.items():
            monkeypatch.setenv(name, value)
        yield lambda: [
            json.loads(message["Body"])
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        ]


def folder(things: dict[str, bytes] | None = None) -> RunFolder:
    made = RunFolder(BUCKET, RUN)
    for name, data in (things or {}).items():
        made.write(name, data)
    return made


def ended(status: str) -> dict[str, Any]:
    """EventBridge's event, with the members that AWS sends beside those that are read."""
    return {
        "version": "0",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "detail": {"executionArn": EXECUTION, "stateMachineArn": "arn:m", "name": RUN, "status": status, "input": "{}"},
    }


@pytest.fixture(autouse=True)
def going_on(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What write_report learns about its execution."""
    answer: dict[str, Any] = {"status": "RUNNING", "started_at": now()}

    def described(arn: str) -> Execution:
        assert arn.endswith(f":{RUN}")
        return Execution(**answer)

    monkeypatch.setattr(write_report, "describe", described)
    return answer


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What DescribeExecution answers."""
    answer: dict[str, Any] = {"status": "ABORTED", "startDate": now()}
    monkeypatch.setattr("tuner.aws.executions.client", lambda _: SimpleNamespace(describe_execution=lambda **_: answer))
    return answer


@pytest.mark.slow
@pytest.mark.usefixtures("inbox")
def test_the_report_of_a_success_has_no_error() -> None:
    run = folder(artifacts())
    result = write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)
    assert result == {"error": None, "cause": None, "report": f"s3://{BUCKET}/runs/{RUN}/report/index.html"}
    assert stored_json(run, Keys.REPORT)["status"] == "SUCCEEDED"
    assert run.read(Keys.REPORT_PAGE).startswith(b"<!doctype html>")


@pytest.mark.usefixtures("inbox")
def test_the_fail_state_gets_error_and_message_even_when_the_first_step_failed() -> None:
    result = write_report.handler({"run_id": RUN, "failure": CAUGHT}, CONTEXT)
    assert (result["error"], result["cause"]) == ("DatasetError", "training.jsonl, line 3: not JSON.")
    assert stored_json(folder(), Keys.REPORT)["run_id"] == RUN


@pytest.mark.usefixtures("inbox")
def test_an_event_that_does_not_say_whether_the_run_failed_is_refused() -> None:
    with pytest.raises(Exception, match="failure"):
        write_report.handler({"run_id": RUN}, CONTEXT)


@pytest.mark.slow
def test_the_notification_has_the_result(inbox: Any) -> None:
    folder(artifacts())
    write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)
    assert notify.handler({"run_id": RUN}, CONTEXT) == {}
    [message] = inbox()
    assert message["Subject"] == f"Fine-tuning {RUN} made the model better"
    assert "| BERTScore F1 |" in message["Message"]
    assert message["MessageAttributes"]["status"]["Value"] == "SUCCEEDED"


@pytest.mark.usefixtures("inbox")
def test_a_notification_without_a_report_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="no report"):
        notify.handler({"run_id": RUN}, CONTEXT)


@pytest.mark.slow
def test_a_stopped_run_gets_a_report_and_a_notification(inbox: Any, described: dict[str, Any]) -> None:
    described.update(cause="wrong dataset")
    things = artifacts()
    run = folder({name: things[name] for name in (Keys.MANIFEST, Keys.DATASET_SUMMARY)})
    close_run.handler(ended("ABORTED"), CONTEXT)
    report = stored_json(run, Keys.REPORT)
    assert (report["status"], report["dataset"], report["execution_arn"]) == ("ABORTED", "bedrock-faq", EXECUTION)
    assert report["failure"]["message"].endswith("wrong dataset")
    [message] = inbox()
    assert message["Subject"] == f"Fine-tuning {RUN} was stopped"


@pytest.mark.slow
def test_a_run_that_reported_itself_is_not_reported_again(inbox: Any, described: dict[str, Any]) -> None:
    described.update(status="FAILED", error="Other", cause="other")
    write_report.handler({"run_id": RUN, "failure": CAUGHT}, CONTEXT)
    notify.handler({"run_id": RUN}, CONTEXT)
    before = folder().read(Keys.REPORT)
    assert len(inbox()) == 1
    close_run.handler(ended("FAILED"), CONTEXT)
    assert folder().read(Keys.REPORT) == before
    assert inbox() == []


@pytest.mark.slow
def test_a_notification_that_failed_is_published_later(inbox: Any, described: dict[str, Any]) -> None:
    described.update(status="FAILED", error="Other", cause="other")
    write_report.handler({"run_id": RUN, "failure": CAUGHT}, CONTEXT)
    before = folder().read(Keys.REPORT)
    close_run.handler(ended("FAILED"), CONTEXT)
    assert folder().read(Keys.REPORT) == before
    assert len(inbox()) == 1
    close_run.handler(ended("FAILED"), CONTEXT)
    assert inbox() == [], "told once, however often the event is delivered"


@pytest.mark.slow
def test_a_report_of_success_is_replaced_when_the_run_was_stopped_afterwards(
    inbox: Any, described: dict[str, Any]
) -> None:
    described.update(status="ABORTED", cause="enough")
    folder(artifacts())
    write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)
    notify.handler({"run_id": RUN}, CONTEXT)
    inbox()
    close_run.handler(ended("ABORTED"), CONTEXT)
    assert stored_json(folder(), Keys.REPORT)["status"] == "ABORTED"
    [message] = inbox()
    assert message["MessageAttributes"]["status"]["Value"] == "ABORTED"


@pytest.mark.slow
@pytest.mark.usefixtures("inbox")
def test_a_step_that_ends_after_its_execution_does_not_replace_the_report(
    described: dict[str, Any], going_on: dict[str, Any]
) -> None:
    described.update(status="ABORTED", cause="enough")
    folder(artifacts())
    close_run.handler(ended("ABORTED"), CONTEXT)
    going_on["status"] = "ABORTED"
    result = write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)
    assert stored_json(folder(), Keys.REPORT)["status"] == "ABORTED"
    assert result["report"].endswith("report/index.html")


@pytest.mark.slow
@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
@pytest.mark.parametrize("pinned", [True, False], ids=["a run", "a run that failed before run.json"])
@pytest.mark.thorough
def test_an_execution_with_the_name_of_an_earlier_run_changes_nothing_in_its_folder(
    inbox: Any, described: dict[str, Any], going_on: dict[str, Any], pinned: bool, status: str
) -> None:
    """90 days after its end, the name of an execution can be used again."""
    run = folder(artifacts() if pinned else {})
    write_report.handler({"run_id": RUN, "failure": None if pinned else CAUGHT}, CONTEXT)
    notify.handler({"run_id": RUN}, CONTEXT)
    inbox()
    before = {name: run.read(name) for name in run.list("")}
    written, ledger = run.last_modified(), reserved(usd=9999)

    later = now() + dt.timedelta(days=91)
    going_on["started_at"] = later
    with pytest.raises(RunRefusedError, match=f"tuner run {RUN} --again"):
        write_report.handler({"run_id": RUN, "failure": CAUGHT}, CONTEXT)
    described.update(status=status, startDate=later, error="RunRefusedError", cause="not the run id of this content")
    close_run.handler(ended(status), CONTEXT)

    assert {name: run.read(name) for name in run.list("")} == before
    assert run.last_modified() == written
    assert spent(ledger) is None, "the entry of the ledger is that of the earlier run"
    [message] = inbox()
    assert message["Subject"] == f"Fine-tuning {RUN} was not repeated"
    assert "not the run id of this content" in message["Message"]
    assert f"s3://{BUCKET}/runs/{RUN}/ was not changed" in message["Message"]


@pytest.mark.slow
def test_a_repeated_step_publishes_no_second_notification(inbox: Any) -> None:
    folder(artifacts())
    write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)
    notify.handler({"run_id": RUN}, CONTEXT)
    notify.handler({"run_id": RUN}, CONTEXT)
    assert len(inbox()) == 1


@pytest.mark.slow
def test_a_run_whose_report_failed_is_reported_with_the_error_of_the_execution(
    inbox: Any, described: dict[str, Any]
) -> None:
    described.update(status="FAILED", error="AccessDeniedError", cause="Could not write: AccessDenied")
    close_run.handler(ended("FAILED"), CONTEXT)
    report = stored_json(folder(), Keys.REPORT)
    assert (report["status"], report["failure"]["error"]) == ("FAILED", "AccessDeniedError")
    assert len(inbox()) == 1


@pytest.mark.usefixtures("inbox")
def test_a_run_in_progress_is_refused() -> None:
    with pytest.raises(Exception, match="status"):
        close_run.handler(ended("RUNNING"), CONTEXT)


def counted(printed: str) -> list[dict[str, Any]]:
    """The metrics of runs among what was printed, in CloudWatch's embedded format."""
    lines = [json.loads(line) for line in printed.splitlines() if '"_aws"' in line]
    return [line for line in lines if line.get("service") == "runs"]


@pytest.mark.slow
@pytest.mark.usefixtures("inbox")
def test_the_metrics_of_a_run_are_emitted_once_by_either_function(
    capsys: pytest.CaptureFixture[str], described: dict[str, Any]
) -> None:
    folder(artifacts())
    write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)
    (line,) = counted(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service"]]
    assert (line["Runs"], line["RunsFailed"]) == ([1.0], [0.0])
    assert line["ActualUsd"][0] > 100
    assert {"Name": "PaidSeconds", "Unit": "Seconds"} in directive["Metrics"]

    close_run.handler(ended("FAILED"), CONTEXT)
    (line,) = counted(capsys.readouterr().out)
    assert line["RunsFailed"] == [1.0]
    close_run.handler(ended("FAILED"), CONTEXT)
    assert counted(capsys.readouterr().out) == []


def reserved(run: str = RUN, usd: int = 150, at: dt.datetime | None = None) -> LedgerTable:
    ledger = LedgerTable("state")
    ledger.reserve(run, "bedrock-faq", Decimal(usd), Ceilings(), at or now())
    return ledger


def spent(ledger: LedgerTable, run: str = RUN) -> Decimal | None:
    entry = ledger.find(run)
    assert entry
    return entry.spent_usd


@pytest.mark.slow
def test_what_a_successful_run_spent_replaces_its_reservation(inbox: Any) -> None:
    ledger = reserved(usd=9999)
    report_of_a_success()
    for _ in range(2):
        assert close_run.handler(ended("SUCCEEDED"), CONTEXT) == {}
    found = spent(ledger)
    assert found
    assert 100 < found < 500
    assert ledger.committed(f"{now():%Y-%m}") == found
    assert inbox() == [], "the run itself publishes its notification"


def report_of_a_success() -> None:
    folder(artifacts())
    write_report.handler({"run_id": RUN, "failure": None}, CONTEXT)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
@pytest.mark.usefixtures("inbox")
def test_every_ending_closes_the_ledgers_entry(described: dict[str, Any], status: str) -> None:
    described.update(status=status, cause="enough")
    things = artifacts()
    folder({name: things[name] for name in (Keys.MANIFEST, Keys.DATASET_SUMMARY)})
    ledger = reserved()
    close_run.handler(ended(status), CONTEXT)
    assert spent(ledger) == 150, "a report without an estimate does not know what was spent"


@pytest.mark.slow
@pytest.mark.usefixtures("inbox")
def test_a_run_that_reported_itself_has_its_entry_closed(described: dict[str, Any]) -> None:
    described.update(status="FAILED", error="Other", cause="other")
    folder(artifacts())
    write_report.handler({"run_id": RUN, "failure": CAUGHT}, CONTEXT)
    notify.handler({"run_id": RUN}, CONTEXT)
    ledger = reserved(usd=9999)
    close_run.handler(ended("FAILED"), CONTEXT)
    found = spent(ledger)
    assert found
    assert found < 9999


@pytest.mark.slow
@pytest.mark.usefixtures("inbox")
def test_the_sweep_closes_the_entries_of_runs_that_do_not_run_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = {"a-running": "RUNNING", "a-stopped": "ABORTED", RUN: "SUCCEEDED"}
    monkeypatch.setattr(close_run, "Executions", lambda _: SimpleNamespace(status=statuses.get))
    report_of_a_success()
    for run in ("a-broken", "a-forgotten", *statuses):
        ledger = reserved(run, 200, now() - VISIBLE)
    RunFolder(BUCKET, "a-broken").write(Keys.REPORT, b"{}")
    with pytest.raises(ArtifactError, match="a-broken"):
        close_run.handler({"sweep": True}, CONTEXT)
    runs = ("a-running", "a-stopped", "a-forgotten", "a-broken")
    assert [spent(ledger, run) for run in runs] == [None, 200, 200, None]
    found = spent(ledger)
    assert found
    assert found < 200
