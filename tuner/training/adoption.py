"""Trains the same content once: a run adopts a job that another run of this deployment has started with it.

The same content is the same converted training and validation data, base model and hyperparameters, whatever the
dataset is called and whatever else its run is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner import catalog
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.training import JobUse
from tuner.aws.bedrock.resources import Job
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import CapacityBusyError, RetryableError
from tuner.core.resource_names import Tags
from tuner.core.times import seconds_since
from tuner.training import warmup
from tuner.training.job_record import JobUses

_MOST_JOBS = 10
_ATTEMPTS = 20
# A model is listed and tagged a moment after its job has completed.
_VISIBLE_SECONDS = 600


class Jobs(Protocol):
    """Bedrock's customization jobs and their models."""

    def find_job(self, name: str) -> Job | None:
        """The job of this name or ARN, or None."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a model; empty when it is gone."""
        ...


def has_validation(folder: RunFolder) -> bool:
    """Whether the run has validation data for its job."""
    return bool(folder.read_json(Keys.DATASET_SUMMARY)["validation_records"] > 0)


def sent(folder: RunFolder, manifest: Manifest) -> dict[str, str]:
    """The hyperparameters as the job is given them."""
    records = folder.read_json(Keys.DATASET_SUMMARY)["training_records"]
    return dict(warmup.sent(catalog.model(manifest.base_model), manifest.hyperparameters, records))


def fingerprint(folder: RunFolder, manifest: Manifest) -> str:
    """A hash of everything that decides what the job makes."""
    content = {
        "base_model": manifest.base_model,
        "hyperparameters": sent(folder, manifest),
        "training": folder.digest(Keys.TRAINING),
        "validation": folder.digest(Keys.VALIDATION) if has_validation(folder) else None,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Adoption:
    """Where it looks. `status_of` gives an execution's status by the id of its run."""

    jobs: Jobs
    uses: JobUses
    status_of: Callable[[str], str | None]
    deployment: str

    def choose(self, print_: str, manifest: Manifest) -> JobUse:
        """Which job the run uses: its own, or another's. It is registered before it is returned.

        Registered runs are seen by the releases of the others, which then leave the job alone. Raises CapacityBusyError
        while a running run is about to start the same training.
        """

        def of_this_run(known: Sequence[JobUse]) -> JobUse:
            mine = next((use for use in known if use.run_id == manifest.run_id), None)
            return mine or self._adoptable(print_, known, manifest) or own(manifest)

        return self._register(print_, of_this_run)

    def give_up(self, print_: str, manifest: Manifest) -> JobUse:
        """The run trains after all: what it had adopted has ended badly."""
        return self._register(print_, lambda _: own(manifest))

    def _register(self, print_: str, decide: Callable[[Sequence[JobUse]], JobUse]) -> JobUse:
        for _ in range(_ATTEMPTS):
            known, version = self.uses.read(print_)
            use = decide(known)
            others = [other for other in known if other.run_id != use.run_id]
            if use in known or self.uses.write(print_, (*others, use), version):
                return use
        raise RetryableError("Other runs of the same content are starting at this moment: this one looks again.")

    def _adoptable(self, print_: str, known: Sequence[JobUse], manifest: Manifest) -> JobUse | None:
        """The newest completed job whose model exists, else the newest in progress."""
        in_progress: JobUse | None = None
        by_job = {use.job_name: use for use in known}
        for use in list(reversed(by_job.values()))[:_MOST_JOBS]:
            mine = use.model_copy(update={"run_id": manifest.run_id})
            job = self.jobs.find_job(use.job_name)
            if job is None and self.status_of(use.trained_by) == "RUNNING":
                raise CapacityBusyError(
                    f"The run {use.trained_by} is about to start the same training: this run waits, to share its job."
                )
            if job and job.status == "Completed" and self._has_model(job, print_):
                return mine
            if job and job.status == "InProgress":
                in_progress = in_progress or mine
        return in_progress

    def _has_model(self, job: Job, print_: str) -> bool:
        tags = self.jobs.tags(job.custom_model_arn) if job.custom_model_arn else {}
        if not tags and job.ended_at and seconds_since(job.ended_at) < _VISIBLE_SECONDS:
            # Waited for longer than for a passing error: a model that was deleted looks the same, and is trained anew.
            raise CapacityBusyError(
                f"The custom model of the job {job.name} cannot be seen yet: this run waits, to use it."
            )
        return tags.get(Tags.TRAINING) == print_ and tags.get(Tags.DEPLOYMENT) == self.deployment


def own(manifest: Manifest) -> JobUse:
    """The run trains by itself."""
    return JobUse(run_id=manifest.run_id, trained_by=manifest.run_id, job_name=manifest.resource_name)
