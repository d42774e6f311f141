"""Tests of the adoption: a run uses the job of another run with the same content."""

import datetime as dt

import pytest

from statemachine.retries import BUSY_TRAINING
from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, MemoryFolder, stored_json
from tests.unit.training.test_job import ONLY, Jobs, Registered, folder, only, starting
from tuner.artifacts.training import JobRecord, JobUse
from tuner.aws.bedrock.resources import Job
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, CustomizationFailedError
from tuner.core.resource_names import Tags
from tuner.core.times import now
from tuner.training import adoption
from tuner.training.adoption import fingerprint_of
from tuner.training.job import check
from tuner.training.summary import write_summary

FIRST = "faq-ba9876543210"
THEIRS = f"tuner-{FIRST}"
PRINT = fingerprint_of(folder(), ONLY)


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


def test_a_completed_job_with_the_same_content_is_adopted_and_recorded() -> None:
    jobs, uses, place = trained(theirs()), Registered(use()), folder()
    assert starting(jobs, uses).start(place, ONLY).arn == "arn:theirs"
    assert not jobs.created
    found = place.load_if_present(JobRecord)
    assert found
    assert (found.adopted, found.trained_by, found.job_arn) == (True, FIRST, "arn:theirs")
    assert use(RUN) in uses.uses, "registered, so that no release stops the job and no cleanup deletes its model"


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", None], ids=str)
def test_a_job_in_progress_is_adopted_with_any_status_of_its_run(status: str | None) -> None:
    jobs, uses = trained(theirs("InProgress")), Registered(use())
    assert starting(jobs, uses, status).start(folder(), ONLY).status == "InProgress"
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
def test_a_job_without_a_usable_model_is_not_adopted(job: Job | None, tags: dict[str, str] | None) -> None:
    jobs, uses, place = trained(job, tags), Registered(use()), folder()
    assert starting(jobs, uses).start(place, ONLY).name == NAME
    assert len(jobs.created) == 1
    assert use(RUN, NAME, RUN) in uses.uses


def test_a_model_that_is_not_visible_yet_is_waited_for() -> None:
    """The retries take longer than a model stays invisible. Then the model counts as deleted, and the run trains."""
    with pytest.raises(CapacityBusyError, match="does not show the custom model"):
        starting(trained(theirs(minutes=1), {}), Registered(use())).start(folder(), ONLY)
    assert BUSY_TRAINING.min_seconds() > adoption._VISIBLE_SECONDS


def test_a_run_waits_for_another_run_that_is_about_to_start_the_same_training() -> None:
    with pytest.raises(CapacityBusyError, match=f"{FIRST} is about to start the same training"):
        starting(trained(None), Registered(use()), "RUNNING").start(folder(), ONLY)


def test_only_one_of_two_runs_that_start_at_the_same_time_trains() -> None:
    jobs, uses = trained(None), Registered(meanwhile=use())
    with pytest.raises(CapacityBusyError):
        starting(jobs, uses, "RUNNING").start(folder(), ONLY)
    assert not jobs.created
    jobs.known[THEIRS] = jobs.known["arn:theirs"] = theirs("InProgress")
    assert starting(jobs, uses, "RUNNING").start(folder(), ONLY).name == THEIRS


@pytest.mark.parametrize("status", ["FAILED", "RUNNING"])
def test_a_job_that_a_release_stops_during_the_adoption_is_not_used(status: str) -> None:
    """The release read the index before this run was registered, and stopped the job afterwards.

    The execution that trains may still be running: one of its states calls the release.
    """

    class Racing(Jobs):
        calls = 0

        def find_job(self, name: str) -> Job | None:
            if name == THEIRS:
                self.calls += 1
                return theirs("InProgress" if self.calls < 3 else "Stopping")
            return super().find_job(name)

    jobs, uses, place = Racing(), Registered(use()), folder()
    assert starting(jobs, uses, status).start(place, ONLY).name == NAME
    assert len(jobs.created) == 1
    assert {entry for entry in uses.uses if entry.run_id == RUN} == {use(RUN, NAME, RUN)}


def test_a_repeated_step_adopts_the_same_job() -> None:
    jobs, uses, place = trained(theirs()), Registered(use()), folder()
    for _ in range(3):
        assert starting(jobs, uses).start(place, ONLY).arn == "arn:theirs"
    assert len(uses.uses) == 2


def test_the_error_of_an_adopted_job_names_its_run_and_what_to_do() -> None:
    jobs, place = trained(theirs("InProgress")), folder()
    starting(jobs, Registered(use()), "RUNNING").start(place, ONLY)
    jobs.known["arn:theirs"] = theirs("Stopped")
    with pytest.raises(CustomizationFailedError, match=rf"adopted from the run {FIRST}, was stopped.*--again"):
        check(jobs, place, ONLY)


def test_the_summary_of_an_adopted_job_has_the_losses_of_the_run_that_trained() -> None:
    jobs, place = trained(theirs()), folder()
    losses = b"step_number,epoch_number,training_loss\n0,1,3.0\n"
    metrics = "training/output/job/training_artifacts/step_wise_training_metrics.csv"
    first = MemoryFolder(FIRST, {metrics: losses})
    place.sibling = lambda run: {FIRST: first}[run]  # type: ignore[method-assign,assignment]
    write_summary(place, ONLY, starting(jobs, Registered(use())).start(place, ONLY))
    summary = stored_json(place, Keys.TRAINING_SUMMARY)
    assert (summary["adopted_from"], summary["epochs_run"]) == (FIRST, 1)
    assert summary["metrics_files"] == [f"runs/{FIRST}/{metrics}"]


def changed(name: str, data: bytes) -> MemoryFolder:
    place = folder()
    place.files[name] = data
    return place


@pytest.mark.parametrize(
    "other",
    [
        fingerprint_of(changed(Keys.TRAINING, b"other"), ONLY),
        fingerprint_of(changed(Keys.VALIDATION, b"other"), ONLY),
        fingerprint_of(folder(validation=0), ONLY),
        fingerprint_of(folder(), only("amazon.nova-lite-v1:0:300k")),
        fingerprint_of(folder(), only(hyperparameters={"epochCount": 3})),
    ],
    ids=["training data", "validation data", "no validation data", "base model", "hyperparameters"],
)
def test_different_content_has_a_different_fingerprint(other: str) -> None:
    assert other != PRINT


def test_settings_after_the_training_do_not_change_the_fingerprint() -> None:
    assert fingerprint_of(folder(), only(serving="on_demand", gate={"correctness": {"at_least": 2}})) == PRINT
