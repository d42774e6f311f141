"""Follows the batch jobs of a run until they are over, and has their output saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from tuner.artifacts.batch import BatchJob
from tuner.aws.bedrock.resources import BATCH_HOURS, PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import RetryableError
from tuner.core.times import iso, now, seconds_since
from tuner.serving.batch.jobs import Source, batch_jobs
from tuner.settings import Polling

# The pause before the next look, as a share of the time waited: whatever the settings, a job takes at most 30 looks.
_SHARE_WAITED = 0.5
# Bedrock ends a job after its time limit. One that is still there an hour later is stopped.
OVERDUE_SECONDS = (BATCH_HOURS + 1) * 3600
# Bedrock is eventually consistent: a read may miss what was created a moment ago.
_VISIBLE_SECONDS = 900


class Jobs(Protocol):
    """Bedrock's batch inference jobs."""

    def get(self, arn: str) -> PaidResource | None:
        """The job, or None."""
        ...

    def delete(self, arn: str) -> None:
        """Stops the job."""
        ...


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Whether all jobs of the run are over, and how long the oldest of the others was started ago."""

    status: Literal["InProgress", "Completed"]
    seconds: float = 0


def wait_seconds(progress: BatchProgress, polling: Polling) -> int:
    """Seconds until the next look."""
    return max(polling.wait(progress.seconds), round(progress.seconds * _SHARE_WAITED))


@dataclass(frozen=True, slots=True)
class BatchCollector:
    """Collects what the batch jobs of a run gave."""

    jobs: Jobs
    folder: RunFolder

    def progress(self, source: Source) -> BatchProgress:
        """Collects from the jobs that have ended. Stops a job that takes longer than Bedrock should let it."""
        waiting = [
            seconds_since(record.recorded_at)
            for under, record in batch_jobs(self.folder).items()
            if source.owns(record) and not record.is_over and not self._collected(source, under, record)
        ]
        return BatchProgress("InProgress", max(waiting)) if waiting else BatchProgress("Completed")

    def _collected(self, source: Source, under: str, record: BatchJob) -> bool:
        """Whether the job was over. What it gave is then written, and the record says so."""
        if record.job_arn is None:  # the step that starts it has failed for good, or the run would not be here
            return True
        job = self.jobs.get(record.job_arn)
        if job is None and seconds_since(record.recorded_at) < _VISIBLE_SECONDS:
            raise RetryableError(f"Bedrock has accepted the batch job {record.job_name} and does not show it yet.")
        if job and (not job.has_ended or job.status == "Stopping"):
            if job.status != "Stopping" and seconds_since(job.created_at) > OVERDUE_SECONDS:
                self.jobs.delete(job.arn)
            return False
        answered, reason = source.save(under, record)
        if job is None or job.status != "Completed":
            reason = f"Bedrock ended the job as {job.status}: {job.failure}" if job else "The job is gone."
        missing = record.records - answered
        what = "judgments" if record.judge else "answers"
        problem = f"{missing:,} of {record.records:,} {what} are missing. {reason}" if missing else None
        changes = {"ended_at": iso(now()), "answered": answered, "problem": problem}
        self.folder.save(record.model_copy(update=changes), under)
        return True
