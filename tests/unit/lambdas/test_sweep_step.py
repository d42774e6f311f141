"""Tests of the hourly sweep: its alarm, its metrics, and the deletion of old models."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas import release_throughput
from stacks.bundling.layer import CHECKOUT
from tests.doubles import DEPLOYMENT, FakeEndpoints, FakeJobs, FakeSchedules, MemoryFolder
from tests.lambda_context import CONTEXT
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.bedrock.resources import CustomModel
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError
from tuner.core.resource_names import Tags
from tuner.serving.release import Release, ReleaseOutcome
from tuner.serving.sweep.model_cleanup import DeletedModels, UnchosenModels

HOURS_AGO = dt.datetime.now(dt.UTC) - dt.timedelta(hours=6)
LATER = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).isoformat()


class Forbidden(FakeEndpoints):
    def delete(self, arn: str) -> None:
        raise AccessDeniedError("not authorized to perform: bedrock:DeleteProvisionedModelThroughput")


class Executions:
    """Every run succeeded."""

    def __init__(self, arn: str) -> None: ...

    def status(self, name: str) -> str:
        return "SUCCEEDED"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was published."""
    messages: list[tuple[Any, ...]] = []
    for name, value in {
        "DEPLOYMENT": json.dumps({"longest_keep_hours": 12, "model_retention_days": 30}),
        "DATA_BUCKET": "data",
        "ARTIFACTS_BUCKET": "artifacts",
        "TOPIC_ARN": "arn:topic",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(release_throughput, "notify", lambda *arguments: messages.append(arguments))
    monkeypatch.setattr(release_throughput, "Executions", Executions)
    monkeypatch.setattr(release_throughput, "OneTimeSchedules", lambda group: FakeSchedules())
    monkeypatch.setattr(release_throughput, "ModelDeployments", lambda: FakeEndpoints("on_demand"))
    monkeypatch.setattr(release_throughput, "CustomModels", Models)
    monkeypatch.setattr(release_throughput, "TrainingJobs", FakeJobs)
    monkeypatch.setattr(release_throughput, "InvocationJobs", lambda: FakeJobs("batch"))
    monkeypatch.setattr(release_throughput, "TrainingIndex", lambda bucket: None)
    monkeypatch.setattr("lambdas.step.RunFolder", lambda bucket, run_id: MemoryFolder(run_id))
    monkeypatch.setattr("tuner.serving.deletion._PAUSE_SECONDS", 0.0)
    Models.deleted = []
    return messages


class Models:
    """One old model of ours."""

    deleted: list[str]

    def made_before(self, name: str, before: dt.datetime) -> Iterator[Any]:
        yield CustomModel("arn:model", f"{name}old", HOURS_AGO)

    def tags(self, arn: str) -> dict[str, str]:
        return {Tags.DEPLOYMENT: DEPLOYMENT}

    def delete(self, arn: str) -> bool:
        self.deleted.append(arn)
        return True


def swept(monkeypatch: pytest.MonkeyPatch, kind: FakeEndpoints, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The metrics that a sweep counted."""
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", lambda: kind)
    release_throughput.handler({"sweep": True}, CONTEXT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return {name: value[0] for line in lines for name, value in line.items() if isinstance(value, list)}


def test_the_alarm_is_published_once_for_all_failures(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = Forbidden()
    arn = kind.add(created_at=HOURS_AGO, base_model="anthropic.claude-3-haiku-20240307-v1:0:200k")
    counted = swept(monkeypatch, kind, capsys)
    ((topic, subject, text, _),) = told
    assert topic == "arn:topic"
    assert "delete it by hand" in subject
    assert f"--provisioned-model-id {arn}" in text
    assert "$132.00 an hour" in text
    assert (counted["ReleaseFailed"], counted["EndpointsAlive"]) == (1, 1)
    assert counted["OldestEndpointHours"] == pytest.approx(6, abs=0.5)  # since the import of this module


def test_kept_and_committed_endpoints_are_counted_and_cause_no_alarm(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = FakeEndpoints()
    kind.add(created_at=HOURS_AGO, tags={Tags.DEPLOYMENT: DEPLOYMENT, Tags.KEPT_UNTIL: LATER})
    kind.add(created_at=HOURS_AGO, commitment="OneMonth")
    counted = swept(monkeypatch, kind, capsys)
    assert told == []
    assert len(kind.alive) == 2
    assert (counted["ReleaseFailed"], counted["EndpointsAlive"], counted["OldestEndpointHours"]) == (0, 2, 0)


def test_the_sweep_deletes_old_models(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swept(monkeypatch, FakeEndpoints(), capsys)["ModelsDeleted"] == 1
    assert Models.deleted == ["arn:model"]


def test_a_sweep_emits_the_metrics_that_the_documentation_prices(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudWatch bills a custom metric for every hour in which it gets a value."""
    counted = {"EndpointsReleased", "ReleaseFailed", "EndpointsAlive", "OldestEndpointHours", "ModelsDeleted"}
    assert set(swept(monkeypatch, FakeEndpoints(), capsys)) - {"service"} == counted
    page = (CHECKOUT / "docs/first-deployment.md").read_text("utf-8")
    assert f"| Custom metrics of the hourly sweep | {len(counted)} |" in page


@pytest.mark.parametrize(
    ("event", "asked"),
    [({"run_id": "faq-1"}, "run"), ({"detail": {"name": "faq-1", "status": "ABORTED"}}, "ended_run")],
    ids=["a state or the schedule", "the rule"],
)
def test_only_the_rule_waits_for_a_late_purchase(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], asked: str
) -> None:
    for name in ("run", "ended_run"):
        monkeypatch.setattr(
            Release, name, lambda _, run_id, name=name, **more: ReleaseOutcome((f"{name} {run_id}",), ())
        )
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", FakeEndpoints)
    assert release_throughput.handler(event, CONTEXT)["released"] == [f"{asked} faq-1"]


@pytest.mark.parametrize(
    "event",
    [{"run_id": "faq-1"}, {"detail": {"name": "faq-1", "status": "ABORTED"}}, {"sweep": True}],
    ids=["a state or the schedule", "the rule", "the sweep"],
)
def test_every_release_stops_the_customization_job_too(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    jobs = FakeJobs()
    arn = jobs.add("faq-1", created_at=HOURS_AGO)
    monkeypatch.setattr(release_throughput, "TrainingJobs", lambda: jobs)
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", FakeEndpoints)
    assert release_throughput.handler(event, CONTEXT)["released"] == [arn]
    assert jobs.stopped == [arn]


def test_after_a_run_that_succeeded_nothing_is_released_and_only_models_that_it_did_not_choose_are_deleted(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, jobs = FakeEndpoints(), FakeJobs()
    kind.add("tuner-faq-1", created_at=HOURS_AGO)
    jobs.add("faq-1", created_at=HOURS_AGO)
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", lambda: kind)
    monkeypatch.setattr(release_throughput, "TrainingJobs", lambda: jobs)
    asked: list[str] = []
    monkeypatch.setattr(
        UnchosenModels, "of_run", lambda _, run_id: asked.append(run_id) or DeletedModels(("arn:model",))
    )
    assert release_throughput.handler({"detail": {"name": "faq-1", "status": "SUCCEEDED"}}, CONTEXT) == {}
    assert asked == ["faq-1"]
    assert (len(kind.alive), jobs.stopped, Models.deleted) == (1, [], [])


def test_a_record_of_a_newer_or_broken_form_stops_neither_the_releases_nor_the_other_schedules(
    told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, schedules = FakeEndpoints(), FakeSchedules()
    folders: dict[str, MemoryFolder] = {}
    for run, record in {
        "broken": b'{"kind": ',
        "newer": _released(kind.add("tuner-newer", created_at=HOURS_AGO), extra={"of_version": 9}),
        "fine": _released(kind.add("tuner-fine", created_at=HOURS_AGO)),
    }.items():
        folders[run] = MemoryFolder(run, {Keys.ENDPOINT: record})
        schedules.pending[f"tuner-{run}"] = {"run_id": run}
    kind.add("tuner-broken", created_at=HOURS_AGO)
    monkeypatch.setattr("lambdas.step.RunFolder", lambda bucket, run_id: folders[run_id])
    monkeypatch.setattr(release_throughput, "OneTimeSchedules", lambda group: schedules)
    counted = swept(monkeypatch, kind, capsys)
    assert kind.alive == {}
    assert (counted["EndpointsReleased"], counted["ReleaseFailed"], told) == (3, 0, [])
    for folder in list(folders.values())[1:]:
        folder.save(folder.load(EndpointRecord).model_copy(update={"released_at": "2026-11-23T07:30:00Z"}))
    swept(monkeypatch, kind, capsys)
    assert list(schedules.pending) == ["tuner-broken"]


def _released(arn: str, extra: dict[str, Any] | None = None) -> bytes:
    record = EndpointRecord(kind="provisioned", arn=arn, name="x", created_at="2026-11-23T07:00:00Z")
    return json.dumps(record.model_dump() | (extra or {})).encode()
