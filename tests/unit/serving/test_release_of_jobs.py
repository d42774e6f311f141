"""Tests of the release of customization jobs: they are stopped unless a run needs them or they are completing."""

import datetime as dt
from collections.abc import Mapping

import pytest

from tests.doubles import DEPLOYMENT, RUN, FakeEndpoints, FakeJobs, MemoryFolder
from tuner.artifacts.training import JobRecord, JobUse, TrainingSummary
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, StillAliveError
from tuner.core.resource_names import Tags, candidate_name
from tuner.core.times import iso, now
from tuner.serving.inventory import is_needed
from tuner.serving.release import Release
from tuner.serving.sweep.release_failure_message import alarm
from tuner.training.job_record import job_records, used_by_others

OTHER = "faq-0123456789ab-r1"


def recorded_job(arn: str | None, minutes: float = 30, run_id: str = RUN, trained_by: str = RUN) -> MemoryFolder:
    folder = MemoryFolder(run_id, {Keys.ESTIMATE: b"{}"})
    at = iso(now() - dt.timedelta(minutes=minutes))
    folder.save(
        JobRecord(run_id=run_id, trained_by=trained_by, job_name=f"tuner-{trained_by}", recorded_at=at, job_arn=arn)
    )
    return folder


class Sleeps(list[float]):
    """Records the pauses, and calls `meanwhile` during the first one."""

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


def job_record_of(folder: MemoryFolder) -> JobRecord:
    record = folder.load_if_present(JobRecord)
    assert record
    return record


def test_a_runs_job_is_stopped_once_and_its_record_has_the_time() -> None:
    jobs = FakeJobs()
    arn = jobs.add()
    folder = recorded_job(arn)
    assert release(jobs, folder).run(RUN).released == (arn,)
    assert release(jobs, folder).run(RUN).released == ()
    assert jobs.stopped == [arn]
    assert job_record_of(folder).stopped_at


def recorded_candidates(*arns: str | None) -> MemoryFolder:
    """A run with a candidate for each ARN; None for one that is not started yet."""
    folder = MemoryFolder(RUN, {Keys.ESTIMATE: b"{}"})
    for number, arn in enumerate(arns, 1):
        name = candidate_name(DEPLOYMENT, RUN, number)
        record = JobRecord(run_id=RUN, trained_by=RUN, job_name=name, recorded_at=iso(now()), job_arn=arn)
        folder.save(record, Keys.candidate(number))
    return folder


@pytest.mark.parametrize("unlisted", [False, True], ids=["listed", "not listed yet"])
def test_the_jobs_of_all_candidates_are_stopped_and_each_record_has_the_time(unlisted: bool) -> None:
    jobs = FakeJobs(unlisted=unlisted)
    arns = [jobs.add(name=candidate_name(DEPLOYMENT, RUN, number)) for number in (1, 2, 3)]
    folder = recorded_candidates(*arns)
    assert set(release(jobs, folder).run(RUN).released) == set(arns) == set(jobs.stopped)
    assert [record.job_name for record in job_records(folder).values() if record.stopped_at] == [
        candidate_name(DEPLOYMENT, RUN, number) for number in (1, 2, 3)
    ]


def test_a_candidate_that_is_done_is_left_to_complete_and_the_others_are_stopped() -> None:
    jobs = FakeJobs()
    first = jobs.add(name=candidate_name(DEPLOYMENT, RUN, 1), status="Completing")
    second = jobs.add(name=candidate_name(DEPLOYMENT, RUN, 2))
    folder = recorded_candidates(first, second)
    outcome = release(jobs, folder).run(RUN)
    assert (outcome.completing, outcome.released) == ((first,), (second,))
    left, stopped = job_records(folder).values()
    assert left.left_at
    assert stopped.stopped_at


def test_a_candidate_that_was_done_before_the_run_was_stopped_is_recorded_as_left() -> None:
    """Else the report would wait for its release, and not say that the same run again uses its model."""
    jobs = FakeJobs()
    done = jobs.add(name=candidate_name(DEPLOYMENT, RUN, 1), status="Completed")
    failed = jobs.add(name=candidate_name(DEPLOYMENT, RUN, 2), status="Failed")
    training = jobs.add(name=candidate_name(DEPLOYMENT, RUN, 3))
    folder = recorded_candidates(done, failed, training)
    assert release(jobs, folder).run(RUN).released == (training,)
    records = tuple(job_records(folder).values())
    assert [bool(record.left_at) for record in records] == [True, False, False]
    assert [bool(record.stopped_at) for record in records] == [False, False, True]
    folder = recorded_candidates(done)
    folder.save(TrainingSummary())
    release(jobs, folder).run(RUN)
    assert not job_records(folder)["candidates/1/"].left_at, "the run went on after its training"


def test_a_candidate_whose_job_appears_after_the_execution_was_stopped_is_stopped() -> None:
    jobs, sleeps = FakeJobs(), Sleeps()
    folder = recorded_candidates(jobs.add(name=candidate_name(DEPLOYMENT, RUN, 1)), None)
    sleeps.meanwhile = lambda: jobs.add(name=candidate_name(DEPLOYMENT, RUN, 2))  # type: ignore[assignment, method-assign]
    assert len(release(jobs, folder, sleeps).ended_run(RUN).released) == len(jobs.stopped) == 2


def test_a_run_whose_candidates_are_all_started_needs_no_wait() -> None:
    jobs, sleeps = FakeJobs(), Sleeps()
    folder = recorded_candidates(*(jobs.add(name=candidate_name(DEPLOYMENT, RUN, number)) for number in (1, 2)))
    release(jobs, folder, sleeps).ended_run(RUN)
    assert sum(sleeps) < 10


def test_a_job_whose_training_is_done_is_left_to_complete() -> None:
    jobs = FakeJobs()
    arn = jobs.add(status="Completing")
    folder = recorded_job(arn)
    outcome = release(jobs, folder).run(RUN)
    assert (outcome.released, outcome.completing, jobs.stopped) == ((), (arn,), [])
    assert job_record_of(folder).left_at
    assert not job_record_of(folder).stopped_at


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "Stopping"])
def test_a_job_that_has_ended_is_no_error(status: str) -> None:
    jobs = FakeJobs()
    arn = jobs.add(status=status)
    assert release(jobs, recorded_job(arn)).run(RUN).released == ()
    assert jobs.stopped == []


@pytest.mark.parametrize("tags", [{}, {Tags.DEPLOYMENT: "other"}], ids=["not tagged", "another deployment's tag"])
def test_a_job_of_another_deployment_is_not_stopped(tags: dict[str, str]) -> None:
    jobs = FakeJobs()
    jobs.add(tags=tags)
    release(jobs).run(RUN)
    assert jobs.stopped == []


def test_a_recorded_job_that_is_not_listed_yet_is_stopped() -> None:
    jobs = FakeJobs(unlisted=True)
    arn = jobs.add()
    assert release(jobs, recorded_job(arn)).run(RUN).released == (arn,)


def test_a_young_job_that_cannot_be_seen_is_not_assumed_to_be_gone() -> None:
    jobs = FakeJobs(unseen=True, unlisted=True)
    arn = jobs.add()
    with pytest.raises(StillAliveError, match="may exist all the same"):
        release(jobs, recorded_job(arn, minutes=1)).run(RUN)
    assert jobs.stopped == [arn]
    assert release(jobs, recorded_job(arn, minutes=4)).run(RUN).released == ()
    assert jobs.stopped == [arn, arn]


def test_a_recorded_job_that_cannot_be_seen_is_not_stopped_while_another_running_run_uses_it() -> None:
    jobs = FakeJobs(unseen=True, unlisted=True)
    folder = recorded_job(jobs.add(), minutes=1)
    release(jobs, folder, used_by_others=lambda name, tags, run_id: tags[Tags.RUN] == RUN).run(RUN)
    assert jobs.stopped == []


@pytest.mark.parametrize("recorded", [True, False], ids=["with a record", "without a record"])
def test_a_job_that_appears_after_its_execution_was_stopped_is_stopped(recorded: bool) -> None:
    jobs, sleeps = FakeJobs(), Sleeps()
    folder = recorded_job(None) if recorded else MemoryFolder(RUN, {Keys.ESTIMATE: b"{}"})
    sleeps.meanwhile = jobs.add  # type: ignore[assignment]
    outcome = release(jobs, folder, sleeps).ended_run(RUN)
    assert outcome.released == tuple(jobs.stopped) != ()


def test_an_execution_that_failed_by_itself_needs_no_wait() -> None:
    sleeps = Sleeps()
    release(FakeJobs(), recorded_job(None), sleeps).ended_run(RUN, cut_off=False)
    assert sleeps == []


def test_a_run_that_was_refused_needs_no_wait() -> None:
    sleeps = Sleeps()
    release(FakeJobs(), MemoryFolder(RUN), sleeps).ended_run(RUN)
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
def test_a_job_of_another_running_run_is_not_stopped(releasing: str, running: tuple[str, ...], stopped: bool) -> None:
    jobs = FakeJobs()
    arn = jobs.add(tags=TAGS)
    folder = recorded_job(arn, run_id=releasing)
    release(jobs, folder, used_by_others=shared_by(*running)).run(releasing)
    assert jobs.stopped == ([arn] if stopped else [])


def swept(jobs: FakeJobs, status: str | None, used: object = lambda *_: False) -> list[str]:
    needed = is_needed(lambda _: status, DEPLOYMENT, 4, 12, used)  # type: ignore[arg-type]
    release(jobs).sweep(needed)
    return jobs.stopped


HOURS_AGO = now() - dt.timedelta(hours=30)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED", None])
def test_the_sweep_stops_a_job_that_no_running_execution_uses(status: str | None) -> None:
    jobs = FakeJobs()
    arn = jobs.add(created_at=HOURS_AGO)
    assert swept(jobs, status) == [arn]


def test_the_sweep_keeps_a_job_that_a_running_execution_started_or_adopted() -> None:
    jobs = FakeJobs()
    jobs.add(created_at=HOURS_AGO)
    assert swept(jobs, "RUNNING") == []
    assert swept(jobs, "FAILED", lambda *_: True) == []


def test_the_sweep_keeps_a_young_job_of_an_unknown_execution() -> None:
    jobs = FakeJobs()
    jobs.add()
    assert swept(jobs, None) == []


def test_the_sweep_keeps_jobs_that_are_completing_or_of_another_deployment() -> None:
    jobs = FakeJobs()
    jobs.add(created_at=HOURS_AGO, status="Completing")
    jobs.add(created_at=HOURS_AGO, tags={})
    jobs.add(created_at=HOURS_AGO, name="other-job")
    assert swept(jobs, "FAILED") == []


def test_the_alarm_names_a_job_that_cannot_be_stopped() -> None:
    class Forbidden(FakeJobs):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError("not authorized to perform: bedrock:StopModelCustomizationJob")

    jobs = Forbidden()
    arn = jobs.add(created_at=HOURS_AGO)
    _, failures = release(jobs).sweep(lambda *_: False)
    text = alarm(failures, lambda _: 0.0, DEPLOYMENT)
    assert f"aws bedrock stop-model-customization-job --job-identifier {arn} --region us-east-1" in text
    assert "every token that it trains with" in text


def test_the_deletion_of_the_stack_stops_all_jobs() -> None:
    jobs = FakeJobs()
    arn = jobs.add()
    assert release(jobs).everything().released == (arn,)


def test_a_job_without_a_fingerprint_has_no_other_users() -> None:
    tags: Mapping[str, str] = {}
    assert not used_by_others(Registered(JobUse(run_id=OTHER, trained_by=RUN, job_name="x")), str)("x", tags, RUN)


def test_a_job_that_completed_before_it_could_be_stopped_is_recorded_as_left() -> None:
    """It made a model, which costs money every month: the report must not say that it was stopped."""
    jobs = FakeJobs()
    arn = jobs.add()
    folder = recorded_job(arn)
    jobs.completes_before_stop = True
    release(jobs, folder).run(RUN)
    assert job_record_of(folder).left_at
    assert not job_record_of(folder).stopped_at
