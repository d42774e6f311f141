"""Tells which runs use a customization job, from `training/job.json` and the index of runs with the same training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tuner.artifacts.training import JobRecord, JobUse
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


def may_be_starting(folder: RunFolder) -> bool:
    """Whether a step of the run may be starting its job: the cost is estimated, and no job is recorded as started."""
    try:
        if folder.find(Keys.ESTIMATE) is None or folder.find(Keys.TRAINING_SUMMARY):
            return False
        record = folder.load_if_present(JobRecord)
        return record is None or (record.job_arn is None and not record.adopted)
    except TunerError:
        # The release that follows reads the same folder. It raises the error, but only after it released what it can.
        return True


def other_users(folder: RunFolder, index: JobUseIndex) -> tuple[str, ...]:
    """Ids of the other runs that use this run's job. The index keeps only the newest runs."""
    record = folder.load_if_present(JobRecord)
    if record is None or record.fingerprint is None:
        return ()
    known = index.read(record.fingerprint)[0]
    return tuple(use.run_id for use in known if use.job_name == record.job_name and use.run_id != folder.run_id)


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
