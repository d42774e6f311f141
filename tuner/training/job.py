"""Starts a run's customization job once, however often the step is repeated, and says where it stands."""

from __future__ import annotations

from typing import Protocol

from tuner import catalog
from tuner.aws.bedrock import Job, JobRequest
from tuner.aws.run_folder import RunFolder
from tuner.errors import AwsError, CapacityBusyError, CustomizationFailedError, QuotaError
from tuner.run import Keys, Manifest
from tuner.serving.endpoints import tags_of
from tuner.settings import Polling
from tuner.times import seconds_since
from tuner.training import warmup

_ENDED_BADLY = {"Failed", "Stopping", "Stopped"}


class Jobs(Protocol):
    """Bedrock's customization jobs."""

    def find_job(self, name: str) -> Job | None:
        """The job of this name, or None."""
        ...

    def create_job(self, request: JobRequest) -> str | None:
        """Starts a job; None when its name is in use."""
        ...

    def jobs_in_progress(self) -> int:
        """Whether the account runs others."""
        ...


def start(jobs: Jobs, folder: RunFolder, manifest: Manifest, deployment: str, role_arn: str) -> Job:
    """The run's job: found by its name, or started now.

    Raises CapacityBusyError while other jobs take the account's places, QuotaError when there are none to take.
    """
    name = manifest.resource_name
    found = jobs.find_job(name)
    if found:
        return found
    try:
        arn = jobs.create_job(_request(folder, manifest, deployment, role_arn))
    except QuotaError as error:
        raise _busy_or_none(jobs, error) from error
    job = jobs.find_job(arn or name)
    if job is None:
        raise AwsError(f"The customization job {name} cannot be found, although Bedrock says that its name is in use.")
    return job


def check(jobs: Jobs, manifest: Manifest) -> Job:
    """The run's job, in progress or completed.

    Raises CustomizationFailedError with Bedrock's own message when it ended in any other way.
    """
    name = manifest.resource_name
    job = jobs.find_job(name)
    if job is None:
        raise CustomizationFailedError(f"The customization job {name} is gone. Was it deleted?")
    if job.status in _ENDED_BADLY:
        ending = "failed" if job.status == "Failed" else "was stopped"
        reason = job.failure or ("Bedrock gives no reason" if job.status == "Failed" else "somebody stopped it")
        raise CustomizationFailedError(f"The customization job {name} {ending}: {reason}")
    return job


def wait_seconds(job: Job, polling: Polling) -> int:
    """Seconds until the next look: the longer the training has taken, the longer."""
    return polling.wait(seconds_since(job.created_at))


def _request(folder: RunFolder, manifest: Manifest, deployment: str, role_arn: str) -> JobRequest:
    counted = folder.read_json(Keys.DATASET_SUMMARY)
    model = catalog.model(manifest.base_model)
    return JobRequest(
        name=manifest.resource_name,
        base_model=manifest.base_model,
        role_arn=role_arn,
        training_uri=folder.uri(Keys.TRAINING),
        validation_uri=folder.uri(Keys.VALIDATION) if counted["validation_records"] > 0 else None,
        output_uri=folder.uri(Keys.TRAINING_OUTPUT),
        hyperparameters=warmup.sent(model, manifest.hyperparameters, counted["training_records"]),
        tags=tags_of(deployment, manifest.run_id),
    )


def _busy_or_none(jobs: Jobs, error: QuotaError) -> CapacityBusyError | QuotaError:
    """A quota that other jobs fill is worth a wait; one that nothing fills is too small."""
    if jobs.jobs_in_progress():
        return CapacityBusyError(f"{error} Other customization jobs are in progress: this one waits for its turn.")
    return QuotaError(
        f"{error} No other customization job is in progress, so waiting does not help: in Service Quotas, service "
        "Amazon Bedrock, ask AWS to raise the quota that is named here."
    )
