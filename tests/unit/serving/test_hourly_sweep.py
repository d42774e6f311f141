"""Tests of the hourly sweep of a deployment: what it releases, counts and deletes."""

import datetime as dt

import pytest

from tests.doubles import DEPLOYMENT, FakeEndpoints, FakeJobs, FakeSchedules, MemoryFolder
from tests.unit.serving.test_model_cleanup import Models
from tuner.artifacts.serving import EndpointRecord
from tuner.core.errors import AccessDeniedError
from tuner.core.resource_names import Tags
from tuner.core.times import now
from tuner.serving.release import Release
from tuner.serving.sweep.hourly_sweep import HourlySweep
from tuner.serving.sweep.model_cleanup import UnchosenModels
from tuner.settings import DeploymentSettings

SETTINGS = DeploymentSettings.model_validate(
    {"longest_throughput_hours": 2, "longest_keep_hours": 12, "model_retention_days": 30}
)
OURS = {Tags.DEPLOYMENT: DEPLOYMENT}


def sweep(kind: FakeEndpoints, status: str | None = "SUCCEEDED", jobs: FakeJobs | None = None) -> HourlySweep:
    kinds = (kind, jobs or FakeJobs())
    release = Release(kinds, DEPLOYMENT, MemoryFolder, lambda _: 1.0, sleep=lambda _: None)
    return HourlySweep(release, SETTINGS, lambda _: status)


def hours_ago(hours: float) -> dt.datetime:
    return now() - dt.timedelta(hours=hours)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.serving.deletion._PAUSE_SECONDS", 0.0)


def test_an_endpoint_is_served_for_the_longest_time_and_not_longer() -> None:
    kind = FakeEndpoints()
    young, old = kind.add("tuner-young", created_at=hours_ago(1.9)), kind.add("tuner-old", created_at=hours_ago(2.1))
    outcome, failures = sweep(kind, "RUNNING").release_unneeded()
    assert (outcome.released, failures) == ((old,), ())
    assert list(kind.alive) == [young]


def test_an_endpoint_is_kept_until_its_tag_says_but_at_most_for_the_longest_time_of_both() -> None:
    kind, tags = FakeEndpoints(), {**OURS, Tags.KEPT_UNTIL: (now() + dt.timedelta(hours=9)).isoformat()}
    kept = kind.add("tuner-kept", tags, created_at=hours_ago(13.9))
    old = kind.add("tuner-old", tags, created_at=hours_ago(14.1))
    assert sweep(kind).release_unneeded()[0].released == (old,)
    assert list(kind.alive) == [kept]


def test_what_cannot_be_released_is_returned() -> None:
    class Forbidden(FakeEndpoints):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError("not authorized to perform: bedrock:DeleteProvisionedModelThroughput")

    kind = Forbidden()
    kind.add(created_at=hours_ago(6))
    outcome, (failure,) = sweep(kind).release_unneeded()
    assert (outcome.released, failure.is_gone) == ((), False)


def test_our_endpoints_are_counted_with_the_age_of_the_oldest_that_nobody_expects() -> None:
    kind, jobs = FakeEndpoints(), FakeJobs()
    later = (now() + dt.timedelta(hours=3)).isoformat()
    kind.add("tuner-kept", {**OURS, Tags.KEPT_UNTIL: later}, created_at=hours_ago(9))
    kind.add("tuner-committed", commitment="OneMonth", created_at=hours_ago(99))
    kind.add("somebody", {}, created_at=hours_ago(500))
    jobs.add("faq-1", created_at=hours_ago(50))
    assert sweep(kind, jobs=jobs).endpoints() == (2, 0.0)
    kind.add("tuner-forgotten", created_at=hours_ago(6))
    kind.add("tuner-fresh", created_at=hours_ago(1))
    number, oldest = sweep(kind, jobs=jobs).endpoints()
    assert (number, oldest) == (4, pytest.approx(6, abs=0.1))


def test_the_schedules_of_released_endpoints_are_deleted() -> None:
    kind, schedules = FakeEndpoints(), FakeSchedules()
    folders = {run: MemoryFolder(run) for run in ("gone", "there")}
    for run, folder in folders.items():
        released_at = "2026-11-23T07:30:00Z" if run == "gone" else None
        arn = f"arn:{run}"
        folder.save(
            EndpointRecord(
                kind="provisioned", arn=arn, name="x", created_at="2026-11-23T07:00:00Z", released_at=released_at
            )
        )
        schedules.pending[f"tuner-{run}"] = {"run_id": run}
    release = Release((kind, FakeJobs()), DEPLOYMENT, folders.__getitem__, lambda _: 1.0)
    assert HourlySweep(release, SETTINGS, lambda _: "SUCCEEDED").delete_schedules(schedules) == (("gone",), ())
    assert list(schedules.pending) == ["tuner-there"]


def test_old_models_are_deleted_unless_an_endpoint_serves_them() -> None:
    kind, models = FakeEndpoints(), Models()
    served, old = models.add("tuner-served"), models.add("tuner-old")
    models.add("tuner-young", created_at=hours_ago(24 * 29))
    kind.add("tuner-served", model_arn=served)
    unchosen = UnchosenModels(models, DEPLOYMENT, MemoryFolder, lambda *_: (), lambda _: "SUCCEEDED")
    assert sweep(kind).delete_models(models, unchosen).arns == (old,)
