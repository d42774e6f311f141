"""Finds the jobs that a run uses, and the runs that use a job.

Each job of a run has a record, `training/job.json`, in the run's folder or in the part of a candidate. The index has
the runs with the same training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tuner.artifacts.training import JobRecord, JobUse, TrainingSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import TunerError
from tuner.core.resource_names import Tags


class JobUseIndex(Protocol):
    """The runs that train with the same content, by fingerprint. All runs of the deployment share it."""

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        """The runs, the newest last, and the version of the list; None when there is none yet."""
        ...

    def write(self, fingerprint: str, uses: Sequence[JobUse], version: str | None) -> bool:
        """Replaces the list of this version. False when another run wrote it meanwhile."""
        ...


def job_records(folder: RunFolder) -> dict[str, JobRecord]:
    """The records of the run's jobs, by the part of the folder that has them: "" for the run's only job."""
    only = folder.load_if_present(JobRecord)
    if only:
        return {"": only}
    names = [name for name in folder.list(Keys.CANDIDATES) if name.endswith(JobRecord.NAME)]
    parts = [name.removesuffix(JobRecord.NAME) for name in names]
    return {under: folder.load(JobRecord, under) for under in parts}


def may_be_starting(folder: RunFolder) -> bool:
    """Whether a step of the run may be starting a job: the cost is estimated, and a job is not recorded as started."""
    try:
        if folder.find(Keys.ESTIMATE) is None or folder.find(Keys.TRAINING_SUMMARY):
            return False
        records = job_records(folder).values()
        return not records or any(record.job_arn is None and not record.adopted for record in records)
    except TunerError:
        # The release that follows reads the same folder. It raises the error, but only after it released what it can.
        return True


def other_users(folder: RunFolder, index: JobUseIndex) -> tuple[str, ...]:
    """Ids of the other runs that use the job of this run's model. The index keeps only the newest runs."""
    record = _record_of_model(folder)
    if record is None or record.fingerprint is None:
        return ()
    known = index.read(record.fingerprint)[0]
    return tuple(use.run_id for use in known if use.job_name == record.job_name and use.run_id != folder.run_id)


def _record_of_model(folder: RunFolder) -> JobRecord | None:
    """The record of the job that made the run's model."""
    records = job_records(folder)
    if "" in records:
        return records[""]
    summary = folder.load_if_present(TrainingSummary) if records else None
    return next((each for each in records.values() if summary and each.job_name == summary.job_name), None)


def users(name: str, tags: Mapping[str, str], index: JobUseIndex) -> frozenset[str]:
    """Ids of the runs that use a job, or its model, with this name and these tags."""
    fingerprint = tags.get(Tags.TRAINING)
    known = index.read(fingerprint)[0] if fingerprint else ()
    trained_by = {tags[Tags.RUN]} if Tags.RUN in tags else set()
    return frozenset(trained_by | {use.run_id for use in known if use.job_name == name})


def used_by_others(
    index: JobUseIndex, status_of: Callable[[str], str | None]
) -> Callable[[str, Mapping[str, str], str], bool]:
    """Returns a function that tells whether a running execution other than the given run uses a job or its model."""

    def used(name: str, tags: Mapping[str, str], run_id: str) -> bool:
        return any(status_of(other) == "RUNNING" for other in users(name, tags, index) - {run_id})

    return used
