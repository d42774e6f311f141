"""A customization job is released like an endpoint: stopped when nobody waits for it, left when it is about done."""

import datetime as dt
from collections.abc import Mapping

import pytest

from tests.doubles import DEPLOYMENT, RUN, FakeEndpoints, FakeJobs, MemoryFolder
from tuner.artifacts.training import JobRecord, JobUse
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, StillAliveError
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now
from tuner.serving.alarm import alarm
from tuner.serving.inventory import is_needed
from tuner.serving.release import Release
from tuner.training import job_record as training
from tuner.training.job_record import used_by_others

OTHER = "faq-0123456789ab-r1"


def on_record(arn: str | None, minutes: float = 30, run_id: str = RUN, trained_by: str = RUN) -> MemoryFolder:
    folder = MemoryFolder(run_id, {Keys.ESTIMATE: b"{}"})
    at = iso(now() - dt.timedelta(minutes=minutes))
    training.write(
        folder,
        JobRecord(run_id=run_id, trained_by=trained_by, job_name=f"tuner-{trained_by}", recorded_at=at, job_arn=arn),
    )
    return folder


class Sleeps(list[float]):
    """What was slept, and what happens at the first of them."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
        if len(self) == 1:
            self.meanwhile()

    def meanwhile(self) -> None: ...


def release(
    jobs: FakeJobs, folder: MemoryFolder | None = None, sleeps: Sleeps | None = None, **more: object
) -> Release:
    place = folder or MemoryFolder(RUN)
    kinds = (FakeEndpoints(), jobs)
    sleep = Sleeps() if sleeps is None else sleeps
    return Release(kinds, DEPLOYMENT, lambda _: place, lambda _: None, sleep=sleep, **more)  # type: ignore[arg-type]


def noted(folder: MemoryFolder) -> JobRecord:
    record = training.read(folder)
    assert record
    return record


def test_a_runs_job_is_stopped_once_and_its_record_says_when() -> None:
    jobs = FakeJobs()
    arn = jobs.add()
    folder = on_record(arn)
    assert release(jobs, folder).run(RUN).released == (arn,)
    assert release(jobs, folder).run(RUN).released == ()
    assert jobs.stopped == [arn]
    assert noted(folder).stopped_at


def test_a_job_whose_training_is_done_is_left_to_complete() -> None:
    jobs = FakeJobs()
    arn = jobs.add(status="Completing")
    folder = on_record(arn)
    outcome = release(jobs, folder).run(RUN)
    assert (outcome.released, outcome.completing, jobs.stopped) == ((), (arn,), [])
    assert noted(folder).left_at
    assert not noted(folder).stopped_at


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "Stopping"])
def test_a_job_that_has_ended_is_no_error(status: str) -> None:
    jobs = FakeJobs()
    arn = jobs.add(status=status)
    assert release(jobs, on_record(arn)).run(RUN).released == ()
    assert jobs.stopped == []


@pytest.mark.parametrize("tags", [{}, {Tags.DEPLOYMENT: "other"}], ids=["not tagged", "another deployment's tag"])
def test_what_is_not_ours_is_not_stopped(tags: dict[str, str]) -> None:
    jobs = FakeJobs()
    jobs.add(tags=tags)
    release(jobs).run(RUN)
    assert jobs.stopped == []


def test_a_job_that_no_list_shows_yet_is_stopped_by_its_record() -> None:
    jobs = FakeJobs(unlisted=True)
    arn = jobs.add()
    assert release(jobs, on_record(arn)).run(RUN).released == (arn,)


def test_a_young_job_that_cannot_be_seen_is_not_believed_gone() -> None:
    jobs = FakeJobs(unseen=True, unlisted=True)
    arn = jobs.add()
    with pytest.raises(StillAliveError, match="cannot be seen yet"):
        release(jobs, on_record(arn, minutes=1)).run(RUN)
    assert release(jobs, on_record(arn, minutes=4)).run(RUN).released == ()


@pytest.mark.parametrize("recorded", [True, False], ids=["job on record", "not even that"])
def test_a_job_that_appears_after_its_execution_was_stopped_is_stopped(recorded: bool) -> None:
    jobs, sleeps = FakeJobs(), Sleeps()
    folder = on_record(None) if recorded else MemoryFolder(RUN, {Keys.ESTIMATE: b"{}"})
    sleeps.meanwhile = jobs.add  # type: ignore[assignment]
    outcome = release(jobs, folder, sleeps).ended(RUN)
    assert outcome.released == tuple(jobs.stopped) != ()


def test_an_execution_that_failed_by_itself_starts_nothing_any_more() -> None:
    sleeps = Sleeps()
    release(FakeJobs(), on_record(None), sleeps).ended(RUN, cut_off=False)
    assert sleeps == []


def test_a_run_that_was_refused_is_not_waited_for() -> None:
    sleeps = Sleeps()
    release(FakeJobs(), MemoryFolder(RUN), sleeps).ended(RUN)
    assert sleeps == []


class Registered:
    def __init__(self, *uses: JobUse) -> None:
        self.uses = uses

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        return self.uses, "1"

    def write(self, fingerprint: str, uses: object, version: str | None) -> bool:
        raise AssertionError("a release registers nothing")


def shared_by(*running: str) -> object:
    uses = Registered(*(JobUse(run_id=run, trained_by=RUN, job_name=f"tuner-{RUN}") for run in (RUN, OTHER)))
    return used_by_others(uses, lambda run: "RUNNING" if run in running else "FAILED")


TAGS = {Tags.DEPLOYMENT: DEPLOYMENT, Tags.RUN: RUN, Tags.TRAINING: "f" * 32}


@pytest.mark.parametrize(
    ("releasing", "running", "stopped"),
    [(RUN, (OTHER,), False), (RUN, (), True), (OTHER, (RUN,), False), (OTHER, (OTHER,), True), (RUN, (RUN,), True)],
    ids=[
        "the trainer ends and the adopter runs",
        "both have ended",
        "the adopter ends and the trainer runs",
        "the adopter alone, while it runs",
        "the trainer alone, while it runs",
    ],
)
def test_a_job_that_another_running_run_uses_is_left(releasing: str, running: tuple[str, ...], stopped: bool) -> None:
    jobs = FakeJobs()
    arn = jobs.add(tags=TAGS)
    folder = on_record(arn, run_id=releasing)
    release(jobs, folder, used_by_others=shared_by(*running)).run(releasing)
    assert jobs.stopped == ([arn] if stopped else [])


def swept(jobs: FakeJobs, status: str | None, used: object = lambda *_: False) -> list[str]:
    needed = is_needed(lambda _: status, DEPLOYMENT, 4, 12, used)  # type: ignore[arg-type]
    release(jobs).sweep(needed)
    return jobs.stopped


HOURS_AGO = now() - dt.timedelta(hours=30)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED", None])
def test_the_sweep_stops_what_no_execution_waits_for(status: str | None) -> None:
    jobs = FakeJobs()
    arn = jobs.add(created_at=HOURS_AGO)
    assert swept(jobs, status) == [arn]


def test_the_sweep_leaves_what_a_running_execution_trains_or_has_adopted_however_long_it_takes() -> None:
    jobs = FakeJobs()
    jobs.add(created_at=HOURS_AGO)
    assert swept(jobs, "RUNNING") == []
    assert swept(jobs, "FAILED", lambda *_: True) == []


def test_the_sweep_does_not_believe_at_once_that_an_execution_does_not_exist() -> None:
    jobs = FakeJobs()
    jobs.add()
    assert swept(jobs, None) == []


def test_the_sweep_leaves_what_is_about_to_complete_and_what_is_not_ours() -> None:
    jobs = FakeJobs()
    jobs.add(created_at=HOURS_AGO, status="Completing")
    jobs.add(created_at=HOURS_AGO, tags={})
    jobs.add(created_at=HOURS_AGO, name="other-job")
    assert swept(jobs, "FAILED") == []


def test_people_are_told_of_a_job_that_cannot_be_stopped() -> None:
    class Forbidden(FakeJobs):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError("not authorized to perform: bedrock:StopModelCustomizationJob")

    jobs = Forbidden()
    arn = jobs.add(created_at=HOURS_AGO)
    _, failures = release(jobs).sweep(lambda *_: False)
    text = alarm(failures, lambda _: 0.0, DEPLOYMENT)
    assert f"aws bedrock stop-model-customization-job --job-identifier {arn} --region us-east-1" in text
    assert "every token that it trains with" in text


def test_a_deleted_stack_leaves_no_training_behind() -> None:
    jobs = FakeJobs()
    arn = jobs.add()
    assert release(jobs).everything().released == (arn,)


def test_nobody_uses_a_job_without_a_fingerprint() -> None:
    tags: Mapping[str, str] = {}
    assert not used_by_others(Registered(JobUse(run_id=OTHER, trained_by=RUN, job_name="x")), str)("x", tags, RUN)
