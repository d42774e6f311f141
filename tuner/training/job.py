"""Starts or adopts a customization job of a run, and checks its status."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tuner.artifacts.manifest import Customization
from tuner.artifacts.training import JobRecord, JobUse
from tuner.aws.bedrock.resources import Job, JobRequest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, CustomizationFailedError, QuotaError, RetryableError
from tuner.core.resource_names import Tags, candidate_number, run_tags
from tuner.core.run import again_command
from tuner.core.times import iso, now, seconds_since
from tuner.settings import Polling
from tuner.training import adoption
from tuner.training.adoption import Adoption

_WITHOUT_MODEL = {"Failed", "Stopping", "Stopped"}
# Bedrock is eventually consistent: a read may miss what was created a moment ago. A job younger than this that cannot
# be found is not assumed to be gone.
_VISIBLE_SECONDS = 900
# A release that reads the index before this run is registered stops the job within this time.
_RELEASE_SECONDS = 5.0


class Jobs(adoption.Jobs, Protocol):
    """Bedrock's customization jobs."""

    def create_job(self, request: JobRequest) -> str | None:
        """Starts a job. None when its name is in use."""
        ...

    def jobs_in_progress(self) -> int:
        """How many jobs the account runs."""
        ...


@dataclass(frozen=True, slots=True)
class JobStarter:
    """Starts or adopts customization jobs."""

    jobs: Jobs
    adoption: Adoption
    role_arn: str
    sleep: Callable[[float], None] = time.sleep

    def start(self, folder: RunFolder, customization: Customization) -> Job:
        """The job of one customization: the one of an earlier attempt, an adopted one, or a new one.

        Raises CapacityBusyError while other jobs use up the account's quota, and QuotaError when the quota allows no
        job at all. Raises RetryableError while Bedrock does not show a job that it accepted.
        """
        under, own = customization.under, adoption.own_job(folder.run_id, customization)
        record = folder.load_if_present(JobRecord, under) or _save(folder, under, _record(own))
        if record.job_arn:
            return _visible(self.jobs, record.job_arn)
        # An earlier attempt may have started the job and crashed before it recorded the ARN.
        found = None if record.adopted else self.jobs.find_job(record.job_name)
        if found:
            return _confirmed(folder, under, record, found)
        if record.fingerprint is None:
            fingerprint = adoption.fingerprint_of(folder, customization)
            record = _save(folder, under, _record(self.adoption.choose(fingerprint, own), fingerprint))
        if record.adopted:
            adopted = self._adopted(record)
            if adopted:
                return _confirmed(folder, under, record, adopted)
            own = self.adoption.give_up(str(record.fingerprint), own)
            record = _save(folder, under, _record(own, record.fingerprint))
        arn = self._create(folder, customization, record)
        _save(folder, under, record.model_copy(update={"job_arn": arn, "recorded_at": iso(now())}))
        return _visible(self.jobs, arn)

    def register(self, folder: RunFolder, customization: Customization) -> None:
        """Records a job that is to be started later, so that a release knows that it may come."""
        if folder.load_if_present(JobRecord, customization.under) is None:
            own = adoption.own_job(folder.run_id, customization)
            _save(folder, customization.under, _record(own))

    def _adopted(self, record: JobRecord) -> Job | None:
        """The adopted job; None when it failed or was stopped, or when its model was deleted.

        The release of the run that trains may have read the index before this run was registered. It then stops the job
        within seconds, or deletes the model of a candidate that was not chosen, so these are looked at again.
        """
        job = self.jobs.find_job(record.job_name)
        if job and job.status == "InProgress":
            self.sleep(_RELEASE_SECONDS)
            job = self.jobs.find_job(record.job_name)
        if job and job.status == "Completed" and candidate_number(job.name):
            self.sleep(_RELEASE_SECONDS)
            job = job if self.jobs.tags(str(job.custom_model_arn)) else None
        return None if job is None or job.status in _WITHOUT_MODEL else job

    def _create(self, folder: RunFolder, customization: Customization, record: JobRecord) -> str:
        request = JobRequest(
            name=record.job_name,
            base_model=customization.base_model,
            role_arn=self.role_arn,
            training_uri=folder.uri(Keys.TRAINING),
            validation_uri=folder.uri(Keys.VALIDATION) if adoption.has_validation_data(folder) else None,
            output_uri=folder.uri(customization.under + Keys.TRAINING_OUTPUT),
            hyperparameters=adoption.job_hyperparameters(folder, customization),
            tags={
                **run_tags(self.adoption.deployment, folder.run_id),
                Tags.TRAINING: str(record.fingerprint),
            },
        )
        try:
            arn = self.jobs.create_job(request)
        except QuotaError as error:
            raise _busy_or_too_small(self.jobs, error) from error
        return arn or _visible(self.jobs, record.job_name).arn


def check(jobs: adoption.Jobs, folder: RunFolder, customization: Customization) -> Job:
    """The job of one customization, in progress or completed.

    Raises CustomizationFailedError with Bedrock's own message when the job failed, was stopped or is gone, and
    RetryableError while a young job cannot be seen.
    """
    # Without a record, an earlier version or an attempt that is still running started the job.
    own = adoption.own_job(folder.run_id, customization)
    record = folder.load_if_present(JobRecord, customization.under) or _record(own)
    job = jobs.find_job(record.job_arn or record.job_name)
    name = f"{record.job_name}, adopted from the run {record.trained_by}," if record.adopted else record.job_name
    if job is None and seconds_since(record.recorded_at) < _VISIBLE_SECONDS:
        raise RetryableError(_not_visible(record.job_name))
    if job is None:
        raise CustomizationFailedError(
            f"The customization job {name} is gone: it may have been deleted. "
            f"To train again: {again_command(folder.run_id)}."
        )
    if job.status in _WITHOUT_MODEL:
        ending = "failed" if job.status == "Failed" else "was stopped"
        raise CustomizationFailedError(f"The customization job {name} {ending}: {_reason(job, record, folder.run_id)}")
    return job


def _reason(job: Job, record: JobRecord, run_id: str) -> str:
    if job.failure or job.status == "Failed":
        reason = job.failure or "Bedrock gives no reason"
    else:
        reason = f"by the release of this run, at {record.stopped_at}" if record.stopped_at else "somebody stopped it"
    again = record.adopted or job.status != "Failed"
    return f"{reason.rstrip('.')}. To train again: {again_command(run_id)}." if again else reason


def refuse_overdue(job: Job, longest_hours: float) -> None:
    """Raises CustomizationFailedError for a job that takes longer than the deployment allows."""
    hours = seconds_since(job.created_at) / 3600
    if job.status == "InProgress" and hours > longest_hours:
        raise CustomizationFailedError(
            f"The customization job {job.name} has been in progress for {hours:.1f} hours. The deployment allows "
            f"{longest_hours:g}, so the run ends. Train on fewer records or for fewer epochs, or raise "
            "longest_training_hours in cdk.json, and run again."
        )


def wait_seconds(job: Job, polling: Polling) -> int:
    """Seconds until the next check: they grow with the time since the job started."""
    return polling.wait(seconds_since(job.created_at))


def _record(use: JobUse, fingerprint: str | None = None) -> JobRecord:
    return JobRecord(**use.model_dump(), recorded_at=iso(now()), fingerprint=fingerprint)


def _save(folder: RunFolder, under: str, record: JobRecord) -> JobRecord:
    folder.save(record, under)
    return record


def _confirmed(folder: RunFolder, under: str, record: JobRecord, job: Job) -> Job:
    """Records the ARN of a job that Bedrock shows."""
    folder.save(record.model_copy(update={"job_arn": job.arn}), under)
    return job


def _visible(jobs: Jobs, identifier: str) -> Job:
    job = jobs.find_job(identifier)
    if job is None:
        raise RetryableError(_not_visible(identifier))
    return job


def _not_visible(name: str) -> str:
    return (
        f"Bedrock has accepted the customization job {name} and does not show it yet. The step tries again for some "
        "minutes."
    )


def _busy_or_too_small(jobs: Jobs, error: QuotaError) -> CapacityBusyError | QuotaError:
    """A quota that other jobs use up frees itself, so the run waits. Otherwise the quota allows no job at all."""
    if jobs.jobs_in_progress():
        return CapacityBusyError(f"{error} Other customization jobs are in progress: this one waits for its turn.")
    return QuotaError(
        f"{error} No other customization job is in progress, so waiting does not help: in Service Quotas, service "
        "Amazon Bedrock, ask AWS to raise the quota that is named here."
    )
