"""The same content is trained once: its job is adopted, while it is there to be adopted."""

import datetime as dt

import pytest

from statemachine.retries import BUSY_TRAINING
from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, MemoryFolder, manifest
from tests.unit.training.test_job import Jobs, Registered, folder, starting
from tuner.artifacts.training import JobUse
from tuner.aws.bedrock.resources import Job
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, CustomizationFailedError
from tuner.core.resource_names import Tags
from tuner.core.times import now
from tuner.training import adoption, job_record
from tuner.training.adoption import fingerprint
from tuner.training.job import check
from tuner.training.summary import write_summary

FIRST = "faq-ba9876543210"
THEIRS = f"tuner-{FIRST}"
PRINT = fingerprint(folder(), manifest())


def theirs(status: str = "Completed", minutes: float = 60) -> Job:
    ended = now() - dt.timedelta(minutes=minutes) if status == "Completed" else None
    return Job("arn:theirs", THEIRS, status, now() - dt.timedelta(hours=3), ended, None, CUSTOM_MODEL, THEIRS)


def use(run: str = FIRST, name: str = THEIRS, trained_by: str = FIRST) -> JobUse:
    return JobUse(run_id=run, trained_by=trained_by, job_name=name)


def trained(job: Job | None, tags: dict[str, str] | None = None) -> Jobs:
    ours = {Tags.DEPLOYMENT: DEPLOYMENT, Tags.TRAINING: PRINT}
    return Jobs(
        known={THEIRS: job, "arn:theirs": job} if job else {}, models={CUSTOM_MODEL: ours if tags is None else tags}
    )


def test_a_completed_job_of_the_same_content_is_adopted_and_on_record() -> None:
    jobs, uses, place = trained(theirs()), Registered(use()), folder()
    assert starting(jobs, uses).start(place, manifest()).arn == "arn:theirs"
    assert not jobs.created
    found = job_record.read(place)
    assert found
    assert (found.adopted, found.trained_by, found.job_arn) == (True, FIRST, "arn:theirs")
    assert use(RUN) in uses.uses, "registered, so that no release stops it and no retention deletes its model"


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", None], ids=str)
def test_a_job_in_progress_is_adopted_whether_its_run_goes_on_or_not(status: str | None) -> None:
    jobs, uses = trained(theirs("InProgress")), Registered(use())
    assert starting(jobs, uses, status).start(folder(), manifest()).status == "InProgress"
    assert not jobs.created


@pytest.mark.parametrize(
    ("job", "tags"),
    [
        (theirs("Failed"), None),
        (theirs("Stopped"), None),
        (theirs("Stopping"), None),
        (theirs(), {}),
        (theirs(), {Tags.DEPLOYMENT: DEPLOYMENT, Tags.TRAINING: "0" * 32}),
        (theirs(), {Tags.DEPLOYMENT: "other", Tags.TRAINING: PRINT}),
        (None, None),
    ],
    ids=["failed", "stopped", "stopping", "model deleted", "another training", "another deployment", "no such job"],
)
def test_what_is_no_use_is_not_adopted(job: Job | None, tags: dict[str, str] | None) -> None:
    jobs, uses, place = trained(job, tags), Registered(use()), folder()
    assert starting(jobs, uses).start(place, manifest()).name == NAME
    assert len(jobs.created) == 1
    assert use(RUN, NAME, RUN) in uses.uses


def test_a_model_that_was_made_a_moment_ago_is_looked_for_again() -> None:
    """By the error that is waited for longest: the run goes on by itself when the model turns out to be deleted."""
    with pytest.raises(CapacityBusyError, match="cannot be seen yet"):
        starting(trained(theirs(minutes=1), {}), Registered(use())).start(folder(), manifest())
    assert BUSY_TRAINING.least_seconds() > adoption._VISIBLE_SECONDS


def test_a_run_that_is_about_to_start_the_same_training_is_waited_for() -> None:
    with pytest.raises(CapacityBusyError, match=f"{FIRST} is about to start the same training"):
        starting(trained(None), Registered(use()), "RUNNING").start(folder(), manifest())


def test_of_two_runs_that_start_at_once_one_trains() -> None:
    jobs, uses = trained(None), Registered(meanwhile=use())
    with pytest.raises(CapacityBusyError):
        starting(jobs, uses, "RUNNING").start(folder(), manifest())
    assert not jobs.created
    jobs.known[THEIRS] = jobs.known["arn:theirs"] = theirs("InProgress")
    assert starting(jobs, uses, "RUNNING").start(folder(), manifest()).name == THEIRS


@pytest.mark.parametrize("status", ["FAILED", "RUNNING"])
def test_a_job_that_a_release_stopped_in_the_same_moment_is_given_up(status: str) -> None:
    """The release looked who uses the job before this run was registered, and stopped it afterwards.

    It may have been a state of the run that trains, whose execution is running still.
    """

    class Racing(Jobs):
        looks = 0

        def find_job(self, name: str) -> Job | None:
            if name == THEIRS:
                self.looks += 1
                return theirs("InProgress" if self.looks < 3 else "Stopping")
            return super().find_job(name)

    jobs, uses, place = Racing(), Registered(use()), folder()
    assert starting(jobs, uses, status).start(place, manifest()).name == NAME
    assert len(jobs.created) == 1
    assert {entry for entry in uses.uses if entry.run_id == RUN} == {use(RUN, NAME, RUN)}


def test_a_repeated_step_adopts_the_same_job_again_and_nothing_else() -> None:
    jobs, uses, place = trained(theirs()), Registered(use()), folder()
    for _ in range(3):
        assert starting(jobs, uses).start(place, manifest()).arn == "arn:theirs"
    assert len(uses.uses) == 2


def test_an_adopted_job_that_ends_badly_says_whose_it_is_and_what_to_do() -> None:
    jobs, place = trained(theirs("InProgress")), folder()
    starting(jobs, Registered(use()), "RUNNING").start(place, manifest())
    jobs.known["arn:theirs"] = theirs("Stopped")
    with pytest.raises(CustomizationFailedError, match=rf"adopted from the run {FIRST}, was stopped.*--again"):
        check(jobs, place, manifest())


def test_the_summary_of_an_adopted_job_has_the_losses_of_its_own_run() -> None:
    jobs, place = trained(theirs()), folder()
    losses = b"step_number,epoch_number,training_loss\n0,1,3.0\n"
    metrics = "training/output/job/training_artifacts/step_wise_training_metrics.csv"
    first = MemoryFolder(FIRST, {metrics: losses})
    place.beside = lambda run: {FIRST: first}[run]  # type: ignore[method-assign,assignment,return-value]
    write_summary(place, manifest(), starting(jobs, Registered(use())).start(place, manifest()))
    summary = place.read_json(Keys.TRAINING_SUMMARY)
    assert (summary["adopted_from"], summary["epochs_run"]) == (FIRST, 1)
    assert summary["metrics_files"] == [f"runs/{FIRST}/{metrics}"]


def changed(name: str, data: bytes) -> MemoryFolder:
    place = folder()
    place.files[name] = data
    return place


@pytest.mark.parametrize(
    "other",
    [
        fingerprint(changed(Keys.TRAINING, b"other"), manifest()),
        fingerprint(changed(Keys.VALIDATION, b"other"), manifest()),
        fingerprint(folder(validation=0), manifest()),
        fingerprint(folder(), manifest("amazon.nova-lite-v1:0:300k")),
        fingerprint(folder(), manifest(hyperparameters={"epochCount": 3})),
    ],
    ids=["training data", "validation data", "no validation data", "base model", "hyperparameters"],
)
def test_another_content_has_another_fingerprint(other: str) -> None:
    assert other != PRINT


def test_what_is_asked_of_the_model_afterwards_does_not_matter() -> None:
    assert fingerprint(folder(), manifest(serving="on_demand", gate={"correctness": {"at_least": 1}})) == PRINT
