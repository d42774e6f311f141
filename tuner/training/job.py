"""Starts a run's customization job once, or adopts another's, and says where it stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tuner.artifacts.manifest import Manifest
from tuner.artifacts.training import JobRecord, JobUse
from tuner.aws.bedrock.resources import Job, JobRequest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, CustomizationFailedError, QuotaError, RetryableError
from tuner.core.resource_names import Tags, run_tags
from tuner.core.times import iso, now, seconds_since
from tuner.settings import Polling
from tuner.training import adoption
from tuner.training.adoption import Adoption
from tuner.training.job_record import read, write

_ENDED_BADLY = {"Failed", "Stopping", "Stopped"}
# A read may miss what was created a moment ago: for so long, a job that cannot be found is not believed to be gone.
_VISIBLE_SECONDS = 900
# A release looks who uses a job and stops it within this time.
_RELEASE_SECONDS = 5.0


class Jobs(adoption.Jobs, Protocol):
    """Bedrock's customization jobs."""

    def create_job(self, request: JobRequest) -> str | None:
        """Starts a job; None when its name is in use."""
        ...

    def jobs_in_progress(self) -> int:
        """Whether the account runs others."""
        ...


@dataclass(frozen=True, slots=True)
class Starting:
    """How jobs are started and adopted."""

    jobs: Jobs
    adoption: Adoption
    role_arn: str
    sleep: Callable[[float], None] = time.sleep

    def start(self, folder: RunFolder, manifest: Manifest) -> Job:
        """The run's job: what an earlier attempt started, what another run has trained with the same content, or new.

        Raises CapacityBusyError while other jobs take the account's places, QuotaError when there are none to take, and
        RetryableError while Bedrock does not show what it has made.
        """
        record = read(folder) or write(folder, _record(adoption.own(manifest)))
        if record.job_arn:
            return _visible(self.jobs, record.job_arn)
        found = None if record.adopted else self.jobs.find_job(record.job_name)
        if found:
            return _noted(folder, record, found)
        if record.fingerprint is None:
            fingerprint = adoption.fingerprint(folder, manifest)
            record = write(folder, _record(self.adoption.choose(fingerprint, manifest), fingerprint))
        if record.adopted:
            adopted = self._adopted(record)
            if adopted:
                return _noted(folder, record, adopted)
            own = self.adoption.give_up(str(record.fingerprint), manifest)
            record = write(folder, _record(own, record.fingerprint))
        arn = self._created(folder, manifest, record)
        record = write(folder, record.model_copy(update={"job_arn": arn, "recorded_at": iso(now())}))
        return _visible(self.jobs, arn)

    def _adopted(self, record: JobRecord) -> Job | None:
        """The adopted job, unless it has ended badly: a release may have looked before this run was registered.

        Also while the run that trains is still running: it releases its job itself when one of its states fails.
        """
        job = self.jobs.find_job(record.job_name)
        if job and job.status == "InProgress":
            self.sleep(_RELEASE_SECONDS)
            job = self.jobs.find_job(record.job_name)
        return None if job is None or job.status in _ENDED_BADLY else job

    def _created(self, folder: RunFolder, manifest: Manifest, record: JobRecord) -> str:
        request = JobRequest(
            name=record.job_name,
            base_model=manifest.base_model,
            role_arn=self.role_arn,
            training_uri=folder.uri(Keys.TRAINING),
            validation_uri=folder.uri(Keys.VALIDATION) if adoption.has_validation(folder) else None,
            output_uri=folder.uri(Keys.TRAINING_OUTPUT),
            hyperparameters=adoption.sent(folder, manifest),
            tags={
                **run_tags(self.adoption.deployment, manifest.run_id),
                Tags.TRAINING: str(record.fingerprint),
            },
        )
        try:
            arn = self.jobs.create_job(request)
        except QuotaError as error:
            raise _busy_or_none(self.jobs, error) from error
        return arn or _visible(self.jobs, record.job_name).arn


def check(jobs: adoption.Jobs, folder: RunFolder, manifest: Manifest) -> Job:
    """The run's job, in progress or completed.

    Raises CustomizationFailedError with Bedrock's own message when it ended in any other way, RetryableError while a
    young job cannot be seen.
    """
    # Without a record it was started by an earlier version, or by an attempt that is not over yet.
    record = read(folder) or _record(adoption.own(manifest))
    job = jobs.find_job(record.job_arn or record.job_name)
    name = f"{record.job_name}, adopted from the run {record.trained_by}," if record.adopted else record.job_name
    if job is None and seconds_since(record.recorded_at) < _VISIBLE_SECONDS:
        raise RetryableError(_not_seen(record.job_name))
    if job is None:
        raise CustomizationFailedError(f"The customization job {name} is gone. Was it deleted?")
    if job.status in _ENDED_BADLY:
        ending = "failed" if job.status == "Failed" else "was stopped"
        raise CustomizationFailedError(f"The customization job {name} {ending}: {_reason(job, record)}")
    return job


def _reason(job: Job, record: JobRecord) -> str:
    if job.failure or job.status == "Failed":
        reason = job.failure or "Bedrock gives no reason"
    else:
        reason = f"by the release of this run, at {record.stopped_at}" if record.stopped_at else "somebody stopped it"
    again = record.adopted or job.status != "Failed"
    return f"{reason.rstrip('.')}. To train anew: tuner run --again." if again else reason


def refuse_overdue(job: Job, longest_hours: float) -> None:
    """Raises CustomizationFailedError for a job that is still in progress after the deployment's longest training."""
    hours = seconds_since(job.created_at) / 3600
    if job.status == "InProgress" and hours > longest_hours:
        raise CustomizationFailedError(
            f"The customization job {job.name} has been in progress for {hours:.1f} hours, longer than the deployment "
            f"allows ({longest_hours:g}), and was given up. Train on fewer records or for fewer epochs, or raise "
            "longest_training_hours in cdk.json, and run again."
        )


def wait_seconds(job: Job, polling: Polling) -> int:
    """Seconds until the next look: the longer the training has taken, the longer."""
    return polling.wait(seconds_since(job.created_at))


def _record(use: JobUse, fingerprint: str | None = None) -> JobRecord:
    return JobRecord(**use.model_dump(), recorded_at=iso(now()), fingerprint=fingerprint)


def _noted(folder: RunFolder, record: JobRecord, job: Job) -> Job:
    write(folder, record.model_copy(update={"job_arn": job.arn}))
    return job


def _visible(jobs: Jobs, identifier: str) -> Job:
    job = jobs.find_job(identifier)
    if job is None:
        raise RetryableError(_not_seen(identifier))
    return job


def _not_seen(name: str) -> str:
    return (
        f"Bedrock has taken the customization job {name} and does not show it yet. It is looked for again, for some "
        "minutes."
    )


def _busy_or_none(jobs: Jobs, error: QuotaError) -> CapacityBusyError | QuotaError:
    """A quota that other jobs fill is worth a wait; one that nothing fills is too small."""
    if jobs.jobs_in_progress():
        return CapacityBusyError(f"{error} Other customization jobs are in progress: this one waits for its turn.")
    return QuotaError(
        f"{error} No other customization job is in progress, so waiting does not help: in Service Quotas, service "
        "Amazon Bedrock, ask AWS to raise the quota that is named here."
    )
