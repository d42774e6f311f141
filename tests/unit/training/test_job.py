"""One run trains once; what Bedrock says of a failure is what the run says."""

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, MemoryFolder, manifest
from tuner.aws.bedrock import Job, JobRequest
from tuner.errors import AwsError, CapacityBusyError, CustomizationFailedError, QuotaError
from tuner.run import Keys
from tuner.settings import Polling
from tuner.training.job import check, start, wait_seconds
from tuner.training.summary import write_summary

ROLE = "arn:aws:iam::123456789012:role/customization"


def a_job(status: str = "InProgress", failure: str | None = None, minutes: float = 0) -> Job:
    created = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)
    return Job("arn:job", NAME, status, created, None, failure, CUSTOM_MODEL, NAME)


@dataclass
class Jobs:
    job: Job | None = None
    refuses: Exception | None = None
    name_in_use: bool = False
    others: int = 0
    created: list[JobRequest] = field(default_factory=list)

    def find_job(self, name: str) -> Job | None:
        return self.job

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


def folder(validation: int = 2, training: int = 48) -> MemoryFolder:
    counted = {"validation_records": validation, "training_records": training}
    return MemoryFolder(files={Keys.DATASET_SUMMARY: json.dumps(counted).encode()})


def begin(jobs: Jobs, validation: int = 2, training: int = 48, **settings: Any) -> Job:
    model = settings.pop("model", "amazon.nova-micro-v1:0:128k")
    return start(jobs, folder(validation, training), manifest(model, **settings), DEPLOYMENT, ROLE)


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
def test_the_warm_up_is_what_aws_recommends_for_so_many_records(model: str, records: int, steps: str) -> None:
    jobs = Jobs()
    begin(jobs, training=records, model=model)
    assert jobs.created[0].hyperparameters["learningRateWarmupSteps"] == steps


def test_a_warm_up_that_the_run_sets_is_sent_as_it_is() -> None:
    jobs = Jobs()
    begin(jobs, hyperparameters={"learningRateWarmupSteps": 7})
    assert jobs.created[0].hyperparameters["learningRateWarmupSteps"] == "7"


def test_a_family_without_warm_up_is_sent_none() -> None:
    jobs = Jobs()
    begin(jobs, model="meta.llama3-3-70b-instruct-v1:0:128k")
    assert set(jobs.created[0].hyperparameters) == {"epochCount", "batchSize", "learningRate"}


def test_a_job_is_made_of_the_runs_folder_its_settings_and_its_tags() -> None:
    jobs = Jobs()
    begin(jobs)
    request = jobs.created[0]
    assert (request.name, request.base_model, request.role_arn) == (NAME, "amazon.nova-micro-v1:0:128k", ROLE)
    assert request.training_uri == f"s3://artifacts/runs/{RUN}/dataset/training.jsonl"
    assert request.validation_uri == f"s3://artifacts/runs/{RUN}/dataset/validation.jsonl"
    assert request.output_uri == f"s3://artifacts/runs/{RUN}/training/output/"
    assert request.hyperparameters["epochCount"] == "2"
    assert request.tags["bedrock-tuner:deployment"] == DEPLOYMENT


def test_no_validation_records_no_validator() -> None:
    jobs = Jobs()
    begin(jobs, validation=0)
    assert jobs.created[0].validation_uri is None


def test_a_job_that_is_there_is_not_started_again() -> None:
    jobs = Jobs(job=a_job("Completed"))
    assert begin(jobs).status == "Completed"
    assert not jobs.created


def test_a_name_in_use_is_looked_up() -> None:
    class Late(Jobs):
        def find_job(self, name: str) -> Job | None:
            return a_job() if self.created else None

    assert begin(Late(name_in_use=True)).arn == "arn:job"


def test_a_name_in_use_that_nobody_has_is_an_error() -> None:
    with pytest.raises(AwsError, match=f"{NAME} cannot be found"):
        begin(Jobs(name_in_use=True))


def test_a_quota_that_others_fill_is_waited_for_and_one_that_nobody_fills_is_not() -> None:
    quota = QuotaError("ServiceQuotaExceededException: too many jobs.")
    with pytest.raises(CapacityBusyError, match=r"too many jobs.*waits for its turn"):
        begin(Jobs(refuses=quota, others=1))
    with pytest.raises(QuotaError, match=r"too many jobs.*waiting does not help"):
        begin(Jobs(refuses=quota, others=0))


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_that_goes_well_is_returned(status: str) -> None:
    assert check(Jobs(job=a_job(status)), manifest()).status == status


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (
            a_job("Failed", "Could not validate GetObject permissions"),
            "failed: Could not validate GetObject permissions",
        ),
        (a_job("Failed"), "failed: Bedrock gives no reason"),
        (a_job("Stopping"), "was stopped: somebody stopped it"),
        (a_job("Stopped", "Stopped by admin"), "was stopped: Stopped by admin"),
        (None, "is gone"),
    ],
)
def test_a_job_that_ends_badly_ends_the_run_with_bedrocks_reason(job: Job | None, said: str) -> None:
    with pytest.raises(CustomizationFailedError, match=said):
        check(Jobs(job=job), manifest())


def test_the_wait_grows_with_the_time_taken_within_bounds() -> None:
    polling = Polling(shortest=60, longest=600, growth=0.1)
    assert [wait_seconds(a_job(minutes=minutes), polling) for minutes in (0, 30, 1000)] == [60, 180, 600]


def test_the_summary_holds_the_job_its_model_and_its_losses() -> None:
    place = folder()
    steps = b"step_number,epoch_number,training_loss\n0,1,3.0\n"
    place.files["training/output/job/training_artifacts/step_wise_training_metrics.csv"] = steps
    write_summary(place, manifest(), a_job("Completed"))
    summary = place.read_json(Keys.TRAINING_SUMMARY)
    assert summary["custom_model_arn"] == CUSTOM_MODEL
    assert (summary["epochs_asked"], summary["epochs_run"], summary["stopped_early"]) == (2, 1, True)
    assert summary["epochs"] == [{"epoch": 1, "training_loss": 3.0, "validation_loss": None, "steps": 1}]
    assert summary["metrics_files"] == [
        f"runs/{RUN}/training/output/job/training_artifacts/step_wise_training_metrics.csv"
    ]


def test_the_summary_says_what_was_sent_and_why() -> None:
    there = folder(training=6_400)
    sent = {"epochCount": "2", "learningRate": "0.00001", "learningRateWarmupSteps": "10"}
    write_summary(there, manifest(), replace(a_job("Completed"), hyperparameters=sent))
    written = there.read_json(Keys.TRAINING_SUMMARY)
    assert written["hyperparameters"] == sent
    why = "AWS recommends the number of training records (6,400) divided by 640 for Nova Micro"
    assert written["hyperparameters_why"] == {"learningRateWarmupSteps": why}
