"""Which customization job a run uses: `training/job.json`, and who else trained with the same content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tuner.artifacts.training import JobRecord, JobUse
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import TunerError
from tuner.core.resource_names import Tags


class JobUses(Protocol):
    """The runs that train with the same content."""

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        """Them, the newest last, and the version of the list; None when there is none yet."""
        ...

    def write(self, fingerprint: str, uses: Sequence[JobUse], version: str | None) -> bool:
        """Replaces the list of this version; False when another run wrote meanwhile."""
        ...


def read(folder: RunFolder) -> JobRecord | None:
    """The run's record, or None before its training."""
    found = folder.find(Keys.TRAINING_JOB)
    return JobRecord.model_validate_json(found) if found else None


def write(folder: RunFolder, record: JobRecord) -> JobRecord:
    """Writes the run's record."""
    folder.write_json(Keys.TRAINING_JOB, record.model_dump(mode="json"))
    return record


def may_be_starting(folder: RunFolder) -> bool:
    """Whether the run may be about to start its job, as far as its folder can be read."""
    try:
        if folder.find(Keys.ESTIMATE) is None or folder.find(Keys.TRAINING_SUMMARY):
            return False
        record = read(folder)
        return record is None or (record.job_arn is None and not record.adopted)
    except TunerError:  # the look that comes next says so, once it has released what it can
        return True


def other_users(folder: RunFolder, uses: JobUses) -> tuple[str, ...]:
    """Ids of the other runs that use the job of this one, as far as the list of them goes back."""
    record = read(folder)
    if record is None or record.fingerprint is None:
        return ()
    known = uses.read(record.fingerprint)[0]
    return tuple(use.run_id for use in known if use.job_name == record.job_name and use.run_id != folder.run_id)


def users(name: str, tags: Mapping[str, str], uses: JobUses) -> frozenset[str]:
    """Ids of the runs that use a job or its model, by the name and tags of it."""
    fingerprint = tags.get(Tags.TRAINING)
    known = uses.read(fingerprint)[0] if fingerprint else ()
    trained_by = {tags[Tags.RUN]} if Tags.RUN in tags else set()
    return frozenset(trained_by | {use.run_id for use in known if use.job_name == name})


def used_by_others(
    uses: JobUses, status_of: Callable[[str], str | None]
) -> Callable[[str, Mapping[str, str], str], bool]:
    """Whether a running execution other than a run's uses a job or its model, by the name and tags of it."""

    def used(name: str, tags: Mapping[str, str], run_id: str) -> bool:
        return any(status_of(other) == "RUNNING" for other in users(name, tags, uses) - {run_id})

    return used
