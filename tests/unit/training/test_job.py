"""Tests of the customization job: it is started once, and its errors carry Bedrock's reason."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, MemoryFolder, manifest, stored_json
from tuner.artifacts.manifest import Customization
from tuner.artifacts.training import JobRecord, JobUse
from tuner.aws.bedrock.resources import Job, JobRequest
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, CustomizationFailedError, QuotaError, RetryableError
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now
from tuner.settings import Polling
from tuner.training.adoption import Adoption
from tuner.training.job import JobStarter, check, refuse_overdue, wait_seconds
from tuner.training.summary import write_summary

ROLE = "arn:aws:iam::123456789012:role/customization"


def only(*model: str, **settings: Any) -> Customization:
    """The only customization of a run with these settings."""
    (found,) = manifest(*model, **settings).customizations
    return found


ONLY = only()


def a_job(status: str = "InProgress", failure: str | None = None, minutes: float = 0) -> Job:
    created = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)
    return Job("arn:job", NAME, status, created, None, failure, CUSTOM_MODEL, NAME)


@dataclass
class Jobs:
    """Jobs by name or ARN. `hidden` is the number of calls that do not show an existing job yet."""

    job: Job | None = None
    refuses: Exception | None = None
    name_in_use: bool = False
    others: int = 0
    hidden: int = 0
    created: list[JobRequest] = field(default_factory=list)
    known: dict[str, Job] = field(default_factory=dict)
    models: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def find_job(self, name: str) -> Job | None:
        if name in self.known:
            return self.known[name]
        if self.job is None or name not in (self.job.name, self.job.arn):
            return None
        self.hidden -= 1
        return None if self.hidden >= 0 else self.job

    def create_job(self, request: JobRequest) -> str | None:
        self.created.append(request)
        if self.refuses:
            raise self.refuses
        if self.name_in_use:
            return None
        self.job = a_job()
        return "arn:job"

    def jobs_in_progress(self) -> int:
        return self.others

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.models.get(arn, {})


class Registered:
    """The index of one fingerprint. Another run writes `meanwhile` before the first write."""

    def __init__(self, *uses: JobUse, meanwhile: JobUse | None = None) -> None:
        self.uses, self.meanwhile, self.version = uses, meanwhile, 0

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        return self.uses, str(self.version)

    def write(self, fingerprint: str, uses: Sequence[JobUse], version: str | None) -> bool:
        if self.meanwhile:
            self.uses, self.meanwhile, self.version = (*self.uses, self.meanwhile), None, self.version + 1
        if version != str(self.version):
            return False
        self.uses, self.version = tuple(uses), self.version + 1
        return True


def folder(validation: int = 2, training: int = 48) -> MemoryFolder:
    counted = {"validation_records": validation, "training_records": training}
    files = {
        Keys.DATASET_SUMMARY: json.dumps(counted).encode(),
        Keys.TRAINING: b"training",
        Keys.VALIDATION: b"validation",
    }
    return MemoryFolder(files=files)


def starting(jobs: Jobs, uses: Registered | None = None, status: str | None = "FAILED") -> JobStarter:
    adoption = Adoption(jobs, uses or Registered(), lambda _: status, DEPLOYMENT)
    return JobStarter(jobs, adoption, ROLE, sleep=lambda _: None)


def begin(jobs: Jobs, validation: int = 2, training: int = 48, **settings: Any) -> Job:
    model = settings.pop("model", "amazon.nova-micro-v1:0:128k")
    return starting(jobs).start(folder(validation, training), only(model, **settings))


@pytest.mark.parametrize(
    ("model", "records", "steps"),
    [
        ("amazon.nova-micro-v1:0:128k", 8, "0"),
        ("amazon.nova-micro-v1:0:128k", 6_400, "10"),
        ("amazon.nova-lite-v1:0:300k", 1_600, "10"),
        ("amazon.nova-lite-v1:0:300k", 20_000, "100"),  # 125, and 100 are the most
        ("amazon.nova-pro-v1:0:300k", 640, "2"),
    ],
)
def test_the_warm_up_is_what_aws_recommends_for_the_number_of_records(model: str, records: int, steps: str) -> None:
    jobs = Jobs()
    begin(jobs, training=records, model=model)
    assert jobs.created[0].hyperparameters["learningRateWarmupSteps"] == steps


def test_a_warm_up_that_the_run_sets_is_sent_as_it_is() -> None:
    jobs = Jobs()
    begin(jobs, hyperparameters={"learningRateWarmupSteps": 7})
    assert jobs.created[0].hyperparameters["learningRateWarmupSteps"] == "7"


def test_a_model_family_without_warm_up_gets_none() -> None:
    jobs = Jobs()
    begin(jobs, model="meta.llama3-3-70b-instruct-v1:0:128k")
    assert set(jobs.created[0].hyperparameters) == {"epochCount", "batchSize", "learningRate"}


def test_a_job_request_has_the_runs_folder_its_settings_and_its_tags() -> None:
    jobs = Jobs()
    begin(jobs)
    request = jobs.created[0]
    assert (request.name, request.base_model, request.role_arn) == (NAME, "amazon.nova-micro-v1:0:128k", ROLE)
    assert request.training_uri == f"s3://artifacts/runs/{RUN}/dataset/training.jsonl"
    assert request.validation_uri == f"s3://artifacts/runs/{RUN}/dataset/validation.jsonl"
    assert request.output_uri == f"s3://artifacts/runs/{RUN}/training/output/"
    assert request.hyperparameters["epochCount"] == "2"
    assert request.tags["bedrock-tuner:deployment"] == DEPLOYMENT


def test_a_job_without_validation_records_has_no_validator() -> None:
    jobs = Jobs()
    begin(jobs, validation=0)
    assert jobs.created[0].validation_uri is None


def test_an_existing_job_is_not_started_again() -> None:
    jobs = Jobs(job=a_job("Completed"))
    assert begin(jobs).status == "Completed"
    assert not jobs.created


def test_a_name_in_use_is_looked_up() -> None:
    jobs = Jobs(name_in_use=True)

    def created(request: JobRequest) -> str | None:
        jobs.job = a_job()
        return None

    jobs.create_job = created  # type: ignore[method-assign]
    assert begin(jobs).arn == "arn:job"


def test_a_job_that_bedrock_does_not_show_yet_is_retried() -> None:
    with pytest.raises(RetryableError, match=f"{NAME} and does not show it yet"):
        begin(Jobs(name_in_use=True))
    jobs, place = Jobs(hidden=1), folder()
    with pytest.raises(RetryableError, match="does not show it yet"):
        starting(jobs).start(place, ONLY)
    assert starting(jobs).start(place, ONLY).arn == "arn:job"
    assert len(jobs.created) == 1


def test_the_record_is_written_before_the_job_is_started() -> None:
    place, jobs = folder(), Jobs(refuses=QuotaError("full"), others=1)
    with pytest.raises(CapacityBusyError):
        starting(jobs).start(place, ONLY)
    before = place.load_if_present(JobRecord)
    assert before
    assert (before.job_name, before.job_arn, before.adopted) == (NAME, None, False)
    jobs.refuses = None
    starting(jobs).start(place, ONLY)
    after = place.load_if_present(JobRecord)
    assert after
    assert after.job_arn == "arn:job"
    assert jobs.created[-1].tags[Tags.TRAINING] == after.fingerprint


def test_a_run_waits_for_a_quota_that_other_jobs_use_up_and_for_no_other() -> None:
    quota = QuotaError("ServiceQuotaExceededException: too many jobs.")
    with pytest.raises(CapacityBusyError, match=r"too many jobs.*waits for its turn"):
        begin(Jobs(refuses=quota, others=1))
    with pytest.raises(QuotaError, match=r"too many jobs.*waiting does not help"):
        begin(Jobs(refuses=quota, others=0))


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_in_progress_or_completed_is_returned(status: str) -> None:
    assert check(Jobs(job=a_job(status)), folder(), ONLY).status == status


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (
            a_job("Failed", "Could not validate GetObject permissions"),
            "failed: Could not validate GetObject permissions",
        ),
        (a_job("Failed"), "failed: Bedrock gives no reason"),
        (a_job("Stopping"), f"was stopped: somebody stopped it. To train again: tuner run {RUN} --again"),
        (
            a_job("Stopped", "Stopped by admin"),
            f"was stopped: Stopped by admin. To train again: tuner run {RUN} --again",
        ),
    ],
)
def test_a_job_without_a_model_ends_the_run_with_bedrocks_reason(job: Job | None, said: str) -> None:
    with pytest.raises(CustomizationFailedError, match=said):
        check(Jobs(job=job), folder(), ONLY)


def test_the_error_says_when_the_release_of_the_run_stopped_its_job() -> None:
    place, at = folder(), "2026-11-23T08:00:00Z"
    place.save(
        JobRecord(
            run_id=RUN, trained_by=RUN, job_name=NAME, recorded_at=at, job_arn=a_job("Stopped").arn, stopped_at=at
        )
    )
    with pytest.raises(CustomizationFailedError, match=f"by the release of this run, at {at}. To train again"):
        check(Jobs(job=a_job("Stopped")), place, ONLY)


@pytest.mark.parametrize(("minutes", "error"), [(5, RetryableError), (20, CustomizationFailedError)])
def test_a_missing_job_is_retried_while_it_is_young(minutes: float, error: type[Exception]) -> None:
    place = folder()
    at = iso(now() - dt.timedelta(minutes=minutes))
    place.save(JobRecord(run_id=RUN, trained_by=RUN, job_name=NAME, recorded_at=at, job_arn="arn:job"))
    with pytest.raises(error):
        check(Jobs(), place, ONLY)


def test_a_job_that_takes_longer_than_the_deployment_allows_is_an_error() -> None:
    refuse_overdue(a_job(minutes=47 * 60), 48)
    refuse_overdue(a_job("Completed", minutes=49 * 60), 48)
    with pytest.raises(
        CustomizationFailedError,
        match=r"in progress for 49\.0 hours.*deployment allows 48, so the run ends.*longest_training_hours",
    ):
        refuse_overdue(a_job(minutes=49 * 60), 48)


def test_the_wait_grows_with_the_time_taken_within_its_limits() -> None:
    polling = Polling(shortest=60, longest=600, growth=0.1)
    assert [wait_seconds(a_job(minutes=minutes), polling) for minutes in (0, 30, 300)] == [60, 180, 600]


def test_the_summary_holds_the_job_its_model_and_its_losses() -> None:
    place = folder()
    steps = b"step_number,epoch_number,training_loss\n0,1,3.0\n"
    place.files["training/output/job/training_artifacts/step_wise_training_metrics.csv"] = steps
    write_summary(place, ONLY, a_job("Completed"))
    summary = stored_json(place, Keys.TRAINING_SUMMARY)
    assert summary["custom_model_arn"] == CUSTOM_MODEL
    assert (summary["epochs_asked"], summary["epochs_run"], summary["stopped_early"]) == (2, 1, True)
    assert summary["epochs"] == [{"epoch": 1, "training_loss": 3.0, "validation_loss": None, "steps": 1}]
    assert summary["metrics_files"] == [
        f"runs/{RUN}/training/output/job/training_artifacts/step_wise_training_metrics.csv"
    ]


def test_the_summary_has_the_hyperparameters_and_their_reasons() -> None:
    there = folder(training=6_400)
    sent = {"epochCount": "2", "learningRate": "0.00001", "learningRateWarmupSteps": "10"}
    write_summary(there, ONLY, replace(a_job("Completed"), hyperparameters=sent))
    written = stored_json(there, Keys.TRAINING_SUMMARY)
    assert written["hyperparameters"] == sent
    why = "AWS recommends the number of training records (6,400) divided by 640 for Nova Micro"
    assert written["hyperparameters_why"] == {"learningRateWarmupSteps": why}
