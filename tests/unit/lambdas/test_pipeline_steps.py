"""Tests of the handlers from pinning to release: their events and their results."""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from lambdas import (
    arm_release,
    check_customization,
    check_throughput,
    estimate_cost,
    pin_inputs,
    preflight,
    purchase_throughput,
    release_throughput,
    request_approval,
    start_customization,
    summarize_training,
)
from tests.doubles import (
    CUSTOM_MODEL,
    DEPLOYMENT,
    NAME,
    RUN,
    FakeEndpoints,
    FakeJobs,
    NoPrices,
    approve,
    manifest,
    stored_json,
    write_json,
    write_lines,
)
from tests.unit.lambdas.steps import GROUP, MACHINE, SETTINGS, TWO_BASE_MODELS, invoke
from tests.unit.training.test_job import Jobs, a_job
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.ledger import Ceilings
from tuner.aws.bedrock.converse import Reply
from tuner.aws.bedrock.resources import FoundationModel
from tuner.aws.clients import client
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.training_index import TrainingIndex
from tuner.core.artifact_keys import Keys
from tuner.core.errors import (
    DatasetError,
    QuotaError,
    RunRefusedError,
    SettingsError,
)
from tuner.core.run import run_id
from tuner.core.times import iso, now
from tuner.settings import InferenceSettings


class Models(Jobs):
    """Bedrock's control plane with one active model."""

    def foundation_model(self, model_id: str) -> FoundationModel:
        return FoundationModel(model_id, "Nova Micro", True, None, ("FINE_TUNING",))


class NoQuota:
    def value(self, service: str, code: str) -> float:
        return 0


class ManyQuotas:
    def value(self, service: str, code: str) -> float:
        return 10

    def all(self, service: str) -> tuple[()]:
        return ()


def test_pin_inputs_writes_the_manifest_of_the_run(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin_inputs, "Bedrock", Models)
    run = run_id("faq", [])
    event = {"dataset": "faq", "inputs": [], "execution_arn": f"arn:e:{run}", "started_at": "2026-11-23T07:00:00Z"}
    with pytest.raises(RunRefusedError, match="is not that of this content"):
        invoke(pin_inputs, run_id="other-run", **event)
    result = invoke(pin_inputs, run_id=run, **event)
    assert result == {
        "run_id": run,
        "serving": "on_demand",
        "generate": False,
        "keep_hours": 0,
        "commitment": None,
        "base_models": 1,
    }
    assert RunFolder("artifacts", run).manifest().resource_name == f"tuner-{run}"


@pytest.mark.parametrize("left", [Keys.MANIFEST, Keys.REPORT, "anything.json"])
def test_pin_inputs_refuses_the_name_of_an_earlier_run(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    monkeypatch.setattr(pin_inputs, "Bedrock", Models)
    run = run_id("faq", [])
    folder = RunFolder("artifacts", run)
    folder.write(left, b"{}")
    later = iso(now() + dt.timedelta(days=91))
    event = {"dataset": "faq", "inputs": [], "execution_arn": f"arn:e:{run}", "started_at": later}
    with pytest.raises(RunRefusedError, match=f"tuner run {run} --again"):
        invoke(pin_inputs, run_id=run, **event)
    assert (folder.list(""), folder.read(left)) == ([left], b"{}")


def test_pin_inputs_refuses_too_many_files_of_which_the_input_has_the_number(cloud: RunFolder) -> None:
    event = {"dataset": "faq", "inputs": [], "files": 2001, "execution_arn": "arn:e:faq", "started_at": ""}
    with pytest.raises(DatasetError, match=r"^incoming/faq/ has 2,001 files, .* Combine documents into fewer files"):
        invoke(pin_inputs, run_id="faq", **event)


def test_preflight_refuses_a_zero_quota(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "Bedrock", Models)
    monkeypatch.setattr(preflight, "Quotas", NoQuota)
    monkeypatch.setattr(preflight, "fill_in_tool", lambda *asked: None)
    with pytest.raises(QuotaError):
        invoke(preflight, run_id=RUN)


@pytest.mark.parametrize(
    ("settings", "of_dataset", "requests"),
    [
        ({"monthly_usd": 10}, False, 0),
        ({"monthly_usd": 11}, False, 1),
        ({"monthly_usd": None}, True, 1),
        ({"monthly_usd_per_dataset": 10}, True, 0),
        ({"monthly_usd_per_dataset": 10}, False, 1),
    ],
)
def test_preflight_pays_for_no_test_request_when_the_month_has_reached_a_ceiling(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], of_dataset: bool, requests: int
) -> None:
    asked: list[str] = []
    monkeypatch.setenv("DEPLOYMENT", json.dumps(SETTINGS | settings))
    monkeypatch.setattr(preflight, "Bedrock", Models)
    monkeypatch.setattr(preflight, "Quotas", ManyQuotas)
    monkeypatch.setattr(preflight, "fill_in_tool", lambda model, *_: asked.append(model))
    dataset = cloud.manifest().dataset if of_dataset else "another"
    LedgerTable("state").settle("an-invalid-dataset", dataset, Decimal(10), now())
    assert invoke(preflight, run_id=RUN)["warnings"] == 1 - requests
    assert len(asked) == requests


def test_runs_that_are_prepared_at_the_same_moment_cannot_pass_a_ceiling_by_their_test_requests(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(preflight, "Bedrock", Models)
    monkeypatch.setattr(preflight, "Quotas", ManyQuotas)
    monkeypatch.setattr(preflight, "fill_in_tool", lambda model, *_: asked.append(model))
    runs, ledger = [f"faq-{number}" for number in range(4)], LedgerTable("state")
    for run in runs:
        RunFolder("artifacts", run).save(manifest())
    warned = [invoke(preflight, run_id=runs[0])["warnings"]]
    first = ledger.find(runs[0])
    assert first
    monkeypatch.setenv("DEPLOYMENT", json.dumps(SETTINGS | {"monthly_usd": float(first.usd) * 2.5}))
    # The state machine repeats the step after some errors: a run that may send its requests may repeat them.
    warned += [invoke(preflight, run_id=run)["warnings"] for run in (*runs[1:], *runs)]
    assert warned == [0, 0, 1, 1, 0, 0, 1, 1]
    assert len(asked) == 4
    assert sum(entry.usd for entry in ledger.entries(first.month) if not entry.passed) == 2 * first.usd


@pytest.mark.slow
def test_estimate_cost_returns_its_decision(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_cost, "PriceListApi", NoPrices)
    cloud.write(
        Keys.DATASET_SUMMARY,
        json.dumps({"training_tokens": 9, "training_records": 9, "validation_records": 1}).encode(),
    )
    write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    approve(cloud)
    result = invoke(estimate_cost, run_id=RUN)
    batches = {"batch", "judge_batch"}
    assert set(result) == {"decision", "estimated_usd", "reason", "approval_seconds", "worst_case", *batches}
    assert (result["decision"], result["approval_seconds"]) == ("approve", 24 * 3600)
    unknown = result["worst_case"]["unknown"]
    assert unknown, "the price of training is unknown"
    assert invoke(estimate_cost, run_id=RUN, approved=result["worst_case"])["decision"] == "proceed"
    for less in (
        {"usd": result["worst_case"]["usd"] - 0.01, "unknown": unknown},
        {"usd": 500, "unknown": {}},
        {"usd": 500, "unknown": {item: quantity - 1 for item, quantity in unknown.items()}},
    ):
        assert invoke(estimate_cost, run_id=RUN, approved=less)["decision"] == "approve", "the worst case has grown"


def test_a_run_whose_upload_was_not_complete_ends_at_the_estimate(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after a generation, which is paid by then."""
    monkeypatch.setattr(estimate_cost, "PriceListApi", NoPrices)
    cloud.write(Keys.DATASET_SUMMARY, json.dumps({"training_records": 9, "validation_records": 1}).encode())
    write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    s3, pinned = client("s3"), cloud.manifest()
    for entry in pinned.inputs:
        s3.put_object(Bucket="data", Key=entry.key, Body=b"{}")
    later = pinned.model_copy(update={"started_at": iso(now())})
    cloud.write(Keys.MANIFEST, later.model_dump_json().encode())
    assert invoke(estimate_cost, run_id=RUN)["decision"]
    s3.put_object(Bucket="data", Key=f"incoming/{pinned.dataset}/documents/guide.md", Body=b"text")
    with pytest.raises(DatasetError, match=r"documents/guide.* came later"):
        invoke(estimate_cost, run_id=RUN)


@pytest.mark.slow
def test_estimate_cost_reserves_the_worst_case_and_asks_when_it_passes_a_ceiling(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"unknown_prices": "proceed", "monthly_usd_per_dataset": 0.5, "approval_usd": None}
    monkeypatch.setenv("DEPLOYMENT", json.dumps({**SETTINGS, **settings}))
    monkeypatch.setattr(estimate_cost, "PriceListApi", NoPrices)
    cloud.save(manifest(serving="none"))
    cloud.write(
        Keys.DATASET_SUMMARY,
        json.dumps({"training_tokens": 9, "training_records": 9, "validation_records": 1}).encode(),
    )
    write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    ledger = LedgerTable("state")
    ledger.reserve("other", "faq", Decimal("0.01"), Ceilings(), now())
    results = [invoke(estimate_cost, run_id=RUN) for _ in range(2)]
    assert [result["decision"] for result in results] == ["approve", "approve"]
    assert "ceiling of $0.50" in results[1]["reason"]
    estimate = cloud.load(Estimate)
    assert [each.ceiling for each in estimate.passed_ceilings] == ["dataset"]
    entry = ledger.find(RUN)
    assert entry
    assert float(entry.reserved_usd) == pytest.approx(estimate.worst_case_usd, abs=1e-6)
    assert ledger.committed(entry.month) == entry.reserved_usd + Decimal("0.01")


def test_a_run_over_its_budget_reserves_nothing(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_cost, "PriceListApi", NoPrices)
    cloud.save(manifest(budget_usd=0.01))
    write_json(cloud, Keys.DATASET_SUMMARY, {"training_tokens": 9, "training_records": 9, "validation_records": 1})
    write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    assert invoke(estimate_cost, run_id=RUN)["decision"] == "refuse"
    assert LedgerTable("state").find(RUN) is None


@pytest.fixture
def asked(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Any]]:
    """Prepares request_approval for a run whose execution has this status; returns what it will publish."""

    def with_status(status: str) -> list[Any]:
        told: list[Any] = []
        monkeypatch.setattr(request_approval, "notify", lambda *message: told.append(message))
        monkeypatch.setattr(request_approval, "Executions", lambda _: SimpleNamespace(status={RUN: status}.get))
        monkeypatch.setattr(estimate_cost, "PriceListApi", NoPrices)
        cloud.write(
            Keys.DATASET_SUMMARY,
            json.dumps({"training_tokens": 9, "training_records": 9, "validation_records": 1}).encode(),
        )
        write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
        invoke(estimate_cost, run_id=RUN)
        return told

    return with_status


def test_no_approval_is_requested_for_a_run_that_was_stopped(
    cloud: RunFolder, asked: Callable[[str], list[Any]]
) -> None:
    told = asked("ABORTED")
    assert invoke(request_approval, run_id=RUN, task_token="the-token", seconds=60) == {}
    assert told == []
    assert cloud.find(Keys.APPROVAL) is None


def test_the_task_token_is_written_only_to_the_runs_folder(
    cloud: RunFolder, asked: Callable[[str], list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    told = asked("RUNNING")
    assert invoke(request_approval, run_id=RUN, task_token="the-token", seconds=60, again=True) == {}
    assert stored_json(cloud, Keys.APPROVAL)["task_token"] == "the-token"
    assert stored_json(cloud, Keys.APPROVAL)["again"] is True
    ((topic, subject, text, attributes),) = told
    assert topic == "arn:aws:sns:us-east-1:123456789012:topic"
    assert subject.startswith("Approve at most $")
    assert attributes == {"status": "WAITING_FOR_APPROVAL", "run_id": RUN}
    with pytest.raises(ValidationError) as wrong:
        invoke(request_approval, run_id=RUN, task_token=["the-token"], seconds=60)
    assert "the-token" not in f"{text}{subject}{capsys.readouterr()}{wrong.value}"


@pytest.mark.parametrize("differs", [False, True])
def test_the_preflight_asks_each_base_model_with_the_same_texts(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch, differs: bool
) -> None:
    class Counting:
        def ask(self, endpoint: str, text: str, system: str | None, inference: InferenceSettings) -> Reply:
            assert (system, inference.max_tokens) == (None, 1)
            return Reply("", "max_tokens", len(text) + (differs and "lite" in endpoint), 1, 1)

    monkeypatch.setattr(preflight, "Bedrock", Models)
    monkeypatch.setattr(preflight, "Quotas", NoQuota)
    monkeypatch.setattr(preflight, "ConverseClient", Counting)
    cloud.save(manifest(serving="none", **TWO_BASE_MODELS))
    if differs:
        with pytest.raises(SettingsError, match="different tokens"):
            invoke(preflight, run_id=RUN)
    else:
        assert invoke(preflight, run_id=RUN) == {"warnings": 0, "customization_jobs": 0}


@pytest.mark.slow
def test_the_job_is_started_checked_and_summarized(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    bedrock = Models()
    for module in (start_customization, check_customization, summarize_training):
        monkeypatch.setattr(module, "Bedrock", lambda **_: bedrock)
    write_json(cloud, Keys.DATASET_SUMMARY, {"validation_records": 0, "training_records": 9})
    cloud.write(Keys.TRAINING, b"{}")
    assert invoke(start_customization, run_id=RUN) == {"job_arn": "arn:job", "wait_seconds": 7}
    registered = stored_json(cloud, Keys.TRAINING_JOB)["fingerprint"]
    assert [use.run_id for use in TrainingIndex("artifacts").read(registered)[0]] == [RUN]
    checked = {"status": "InProgress", "wait_seconds": 7, "custom_model_arn": CUSTOM_MODEL}
    assert invoke(check_customization, run_id=RUN) == checked
    bedrock.job = a_job("Completed")
    assert invoke(summarize_training, run_id=RUN) == {}
    assert stored_json(cloud, Keys.TRAINING_SUMMARY)["custom_model_arn"] == CUSTOM_MODEL


@pytest.mark.slow
def test_the_release_schedule_is_created_before_and_stays_until_the_sweep_sees_the_endpoint_gone(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    throughputs = FakeEndpoints()
    for module in (purchase_throughput, check_throughput):
        monkeypatch.setattr(module, "endpoints_of", lambda *_: throughputs)
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", lambda: throughputs)
    monkeypatch.setattr(release_throughput, "ModelDeployments", lambda: FakeEndpoints("on_demand"))
    monkeypatch.setattr(release_throughput, "InvocationJobs", lambda: FakeJobs("batch"))
    write_json(cloud, Keys.TRAINING_SUMMARY, {"custom_model_arn": CUSTOM_MODEL})
    scheduler = client("scheduler")

    armed = invoke(arm_release, run_id=RUN)["release_at"]
    schedule = scheduler.get_schedule(Name=NAME, GroupName=GROUP)
    assert schedule["ScheduleExpression"] == f"at({armed.removesuffix('Z')})"
    assert json.loads(schedule["Target"]["Input"]) == {"run_id": RUN}

    def pending() -> list[str]:
        return [entry["Name"] for entry in scheduler.list_schedules(GroupName=GROUP)["Schedules"]]

    invoke(release_throughput, run_id=RUN)
    bought = invoke(purchase_throughput, run_id=RUN)
    assert bought["wait_seconds"] == 5, "seldom before it is expected"
    assert invoke(check_throughput, run_id=RUN)["status"] == "Creating"
    assert invoke(release_throughput, run_id=RUN)["released"] == [bought["endpoint_arn"]]
    invoke(release_throughput, sweep=True)
    assert pending() == [NAME], "the reads of the release may be out of date"

    record = stored_json(cloud, Keys.ENDPOINT)
    write_json(cloud, Keys.ENDPOINT, record | {"released_at": iso(now() - dt.timedelta(minutes=4))})
    invoke(release_throughput, sweep=True)
    assert pending() == []


@pytest.mark.parametrize(
    ("event", "released"),
    [
        ({"run_id": RUN}, [NAME]),
        ({"detail": {"name": RUN, "status": "ABORTED"}, "source": "aws.states"}, [NAME]),
        ({"sweep": True}, ["tuner-ended"]),
    ],
    ids=["a run", "an ended execution", "the sweep"],
)
def test_the_event_says_what_is_released(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], released: list[str]
) -> None:
    throughputs = FakeEndpoints()
    names = {throughputs.add(name): name for name in (NAME, "tuner-ended")}

    class Running:
        def __init__(self, arn: str) -> None:
            assert arn == MACHINE

        def status(self, name: str) -> str | None:
            return "RUNNING" if name == RUN else "FAILED"

    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", lambda: throughputs)
    monkeypatch.setattr(release_throughput, "ModelDeployments", lambda: FakeEndpoints("on_demand"))
    monkeypatch.setattr(release_throughput, "InvocationJobs", lambda: FakeJobs("batch"))
    monkeypatch.setattr(release_throughput, "Executions", Running)
    assert [names[arn] for arn in invoke(release_throughput, **event)["released"]] == released
    assert DEPLOYMENT == "tuner"


@pytest.mark.parametrize("event", [{}, {"sweep": False}, {"run_id": RUN, "sweep": True}])
def test_an_event_for_no_release_or_for_two_is_refused(environment: None, event: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="give one of"):
        invoke(release_throughput, **event)
