"""Avoids training the same content twice: a run adopts the customization job of another run of this deployment.

The content is the same if the converted training and validation data, the base model and the hyperparameters are the
same. The name of the dataset and all other settings of the run do not matter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner import catalog
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.manifest import Customization
from tuner.artifacts.training import JobUse
from tuner.aws.bedrock.resources import Job
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, RetryableError
from tuner.core.resource_names import Tags
from tuner.core.times import seconds_since
from tuner.training.job_record import JobUseIndex
from tuner.training.warmup import with_warmup

# Jobs that are looked up in Bedrock before the run trains itself.
_MOST_JOBS = 10
# Attempts to register in the index, which other runs may write at the same time.
_ATTEMPTS = 20
# Bedrock lists and tags a model some time after its job has completed.
_VISIBLE_SECONDS = 600


class Jobs(Protocol):
    """Bedrock's customization jobs and their models."""

    def find_job(self, name: str) -> Job | None:
        """The job with this name or ARN, or None."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a model; empty when it is gone."""
        ...


def has_validation_data(folder: RunFolder) -> bool:
    """Whether the run has validation data for its job."""
    return folder.load(DatasetSummary).validation_records > 0


def job_hyperparameters(folder: RunFolder, customization: Customization) -> dict[str, str]:
    """The hyperparameters that the job is started with."""
    records = folder.load(DatasetSummary).training_records
    return with_warmup(catalog.model(customization.base_model), customization.hyperparameters, records)


def fingerprint_of(folder: RunFolder, customization: Customization) -> str:
    """A hash of everything that determines the custom model."""
    content = {
        "base_model": customization.base_model,
        "hyperparameters": job_hyperparameters(folder, customization),
        "training": folder.digest(Keys.TRAINING),
        "validation": folder.digest(Keys.VALIDATION) if has_validation_data(folder) else None,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Adoption:
    """Finds a job to adopt. `status_of` returns the status of a run's execution."""

    jobs: Jobs
    index: JobUseIndex
    status_of: Callable[[str], str | None]
    deployment: str

    def choose(self, fingerprint: str, own: JobUse) -> JobUse:
        """Chooses the job that the run uses, its `own` or another run's, and registers the use in the index.

        A release of another run reads the index and leaves a job alone that a running run has registered. Raises
        CapacityBusyError while another running run is about to start the same training.
        """

        def job_of_this_run(known: Sequence[JobUse]) -> JobUse:
            registered = next((use for use in known if use.run_id == own.run_id), None)
            return registered or self._adoptable(fingerprint, known, own.run_id) or own

        return self._register(fingerprint, job_of_this_run)

    def give_up(self, fingerprint: str, own: JobUse) -> JobUse:
        """Registers that the run trains itself, because the job that it had adopted failed or was stopped."""
        return self._register(fingerprint, lambda _: own)

    def _register(self, fingerprint: str, decide: Callable[[Sequence[JobUse]], JobUse]) -> JobUse:
        for _ in range(_ATTEMPTS):
            known, version = self.index.read(fingerprint)
            use = decide(known)
            others = [other for other in known if other.run_id != use.run_id]
            if use in known or self.index.write(fingerprint, (*others, use), version):
                return use
        raise RetryableError("Other runs with the same content start at this moment. The step tries again.")

    def _adoptable(self, fingerprint: str, known: Sequence[JobUse], run_id: str) -> JobUse | None:
        """The newest completed job whose model exists, otherwise the newest job in progress."""
        in_progress: JobUse | None = None
        by_job = {use.job_name: use for use in known}
        for use in list(reversed(by_job.values()))[:_MOST_JOBS]:
            mine = use.model_copy(update={"run_id": run_id})
            job = self.jobs.find_job(use.job_name)
            if job is None and self.status_of(use.trained_by) == "RUNNING":
                raise CapacityBusyError(
                    f"The run {use.trained_by} is about to start the same training. This run waits, and then uses the "
                    "same job."
                )
            if job and job.status == "Completed" and self._has_model(job, fingerprint):
                return mine
            if job and job.status == "InProgress":
                in_progress = in_progress or mine
        return in_progress

    def _has_model(self, job: Job, fingerprint: str) -> bool:
        tags = self.jobs.tags(job.custom_model_arn) if job.custom_model_arn else {}
        if not tags and job.ended_at and seconds_since(job.ended_at) < _VISIBLE_SECONDS:
            # A deleted model looks the same, but after these minutes a missing model counts as deleted.
            raise CapacityBusyError(
                f"Bedrock does not show the custom model of the job {job.name} yet. This run waits, and then uses it."
            )
        return tags.get(Tags.TRAINING) == fingerprint and tags.get(Tags.DEPLOYMENT) == self.deployment


def own_job(run_id: str, customization: Customization) -> JobUse:
    """The use of a job that the run starts itself."""
    return JobUse(run_id=run_id, trained_by=run_id, job_name=customization.resource_name)
