"""No batch job is without an owner: every release stops those of its run."""

import datetime as dt

import pytest

from tests.doubles import DEPLOYMENT, RUN, FakeJobs, MemoryFolder
from tests.unit.serving.test_release_of_jobs import release
from tuner.artifacts.batch import BatchJob
from tuner.artifacts.costs.token_reservation import judge_batch
from tuner.core.artifact_keys import Keys
from tuner.core.errors import StillAliveError
from tuner.core.resource_names import Tags, batch_name, committed_name
from tuner.core.times import iso, now
from tuner.serving.inventory import delete_command, is_needed, price_text

NAME = batch_name(DEPLOYMENT, RUN, 2)


JUDGE = "amazon.nova-pro-v1:0"
JUDGE_NAME = batch_name(DEPLOYMENT, RUN, 4)


def recorded(arn: str | None, minutes: float = 30) -> MemoryFolder:
    folder = MemoryFolder(RUN)
    at = iso(now() - dt.timedelta(minutes=minutes))
    job = BatchJob(contestant="few_shot", job_name=NAME, records=3, recorded_at=at, job_arn=arn)
    folder.save(job, Keys.batch("few_shot"))
    return folder


def recorded_judge(arn: str | None) -> MemoryFolder:
    """A run that waits for its judge's job; that of its contestant is over."""
    folder = recorded(None)
    folder.save(of(folder).model_copy(update={"ended_at": iso(now())}), Keys.batch("few_shot"))
    at = iso(now() - dt.timedelta(minutes=30))
    job = BatchJob(judge=JUDGE, job_name=JUDGE_NAME, records=6, recorded_at=at, job_arn=arn)
    folder.save(job, Keys.batch(judge_batch(0)))
    return folder


def of_judge(folder: MemoryFolder) -> BatchJob:
    return folder.load(BatchJob, Keys.batch(judge_batch(0)))


def of(folder: MemoryFolder) -> BatchJob:
    return folder.load(BatchJob, Keys.batch("few_shot"))


def test_a_runs_job_is_stopped_and_its_record_says_so() -> None:
    jobs = FakeJobs("batch")
    arn = jobs.add(name=NAME)
    folder = recorded(arn)
    assert release(jobs, folder).run(RUN).released == (arn,)
    assert jobs.stopped == [arn]
    assert of(folder).is_over
    assert of(folder).problem == "The release of the run stopped the job."


def test_a_job_that_was_never_recorded_is_stopped_by_its_name_and_tag() -> None:
    jobs = FakeJobs("batch")
    arn = jobs.add(name=NAME)
    other = jobs.add("other-0123456789ab")
    assert release(jobs).run(RUN).released == (arn,)
    assert other not in jobs.stopped


@pytest.mark.parametrize("name", [NAME, committed_name(DEPLOYMENT, RUN)])
def test_the_release_of_an_execution_that_is_named_like_a_job_of_another_run_leaves_it_alone(name: str) -> None:
    jobs = FakeJobs("batch")
    arn = jobs.add(name=name)
    impostor = name.removeprefix(f"{DEPLOYMENT}-")
    assert release(jobs, MemoryFolder(impostor)).run(impostor).released == ()
    assert jobs.stopped == []
    assert release(jobs).run(RUN).released == (arn,)


def test_a_recorded_job_that_is_not_listed_yet_is_stopped() -> None:
    jobs = FakeJobs("batch", unlisted=True)
    arn = jobs.add(name=NAME)
    release(jobs, recorded(arn)).run(RUN)
    assert jobs.stopped == [arn]


def test_a_young_job_that_no_read_shows_is_looked_for_again() -> None:
    jobs = FakeJobs("batch", unlisted=True, unseen=True)
    arn = jobs.add(name=NAME)
    with pytest.raises(StillAliveError, match="does not show"):
        release(jobs, recorded(arn, minutes=1)).run(RUN)
    assert jobs.stopped == [arn]


def test_a_job_that_is_over_is_left_alone() -> None:
    jobs = FakeJobs("batch")
    arn = jobs.add(name=NAME, status="Completed")
    folder = recorded(arn)
    release(jobs, folder).run(RUN)
    assert (jobs.stopped, of(folder).is_over) == ([], False)


@pytest.mark.parametrize(("status", "needed"), [("RUNNING", True), ("SUCCEEDED", False), ("FAILED", False)])
def test_the_sweep_stops_the_jobs_of_runs_that_have_ended(status: str, needed: bool) -> None:
    jobs = FakeJobs("batch")
    arn = jobs.add(name=NAME, created_at=now() - dt.timedelta(hours=1))
    assert is_needed(lambda _: status, DEPLOYMENT, 1, 1)(jobs, jobs.jobs[arn]) is needed
    swept = release(jobs, recorded(arn)).sweep(is_needed(lambda _: status, DEPLOYMENT, 1, 1))[0]
    assert (swept.released == (arn,)) is not needed


@pytest.mark.parametrize("unlisted", [False, True], ids=["listed", "not listed yet"])
def test_a_judges_job_is_stopped_with_its_run_and_its_record_says_so(unlisted: bool) -> None:
    jobs = FakeJobs("batch", unlisted=unlisted)
    arn = jobs.add(name=JUDGE_NAME)
    folder = recorded_judge(arn)
    assert release(jobs, folder).run(RUN).released == (arn,)
    assert jobs.stopped == [arn]
    assert (of_judge(folder).is_over, of_judge(folder).problem) == (True, "The release of the run stopped the job.")
    assert of(folder).problem is None, "the job of the contestant was over"


@pytest.mark.parametrize(("status", "needed"), [("RUNNING", True), ("ABORTED", False)])
def test_the_sweep_stops_a_judges_job_of_a_run_that_has_ended(status: str, needed: bool) -> None:
    jobs = FakeJobs("batch")
    arn = jobs.add(name=JUDGE_NAME, created_at=now() - dt.timedelta(hours=1))
    folder = recorded_judge(arn)
    swept = release(jobs, folder).sweep(is_needed(lambda _: status, DEPLOYMENT, 1, 1))[0]
    assert (jobs.stopped, swept.released) == (([], ()) if needed else ([arn], (arn,)))
    assert of_judge(folder).is_over is not needed


def test_a_job_of_another_deployment_is_left_alone() -> None:
    jobs = FakeJobs("batch")
    jobs.add(name=NAME, tags={Tags.DEPLOYMENT: "other", Tags.RUN: RUN})
    assert release(jobs).run(RUN).released == ()


def test_the_message_names_the_costs_of_a_job_and_the_command_that_stops_it() -> None:
    jobs = FakeJobs("batch")
    job = jobs.jobs[jobs.add(name=NAME)]
    assert price_text(job, 0.0) == "is charged for every record that it answers"
    assert delete_command(job).startswith("aws bedrock stop-model-invocation-job --job-identifier arn:aws:bedrock:")
