"""Follows the batch jobs of a run, and turns their output into answers.

What a job does not answer is asked on demand afterwards: the step that answers asks every question without an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tuner.artifacts.batch import OUTPUT, BatchJob
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import Reply, reply_of
from tuner.aws.bedrock.resources import BATCH_HOURS, PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError
from tuner.core.times import iso, now, seconds_since
from tuner.costs.allotments import Allotments
from tuner.costs.answer_usage import most_tokens
from tuner.costs.meter import Tokens, unused_of
from tuner.serving.batch.jobs import batch_jobs
from tuner.serving.batch.requests import asked_in_batch, record_id
from tuner.serving.inference import Asked
from tuner.settings import Polling

# The pause before the next look, as a share of the time waited: whatever the settings, a job takes at most 30 looks.
_SHARE_WAITED = 0.5
# Bedrock ends a job after its time limit. One that is still there an hour later is stopped.
OVERDUE_SECONDS = (BATCH_HOURS + 1) * 3600
# Bedrock is eventually consistent: a read may miss what was created a moment ago.
_VISIBLE_SECONDS = 900
_OUTPUT = ".jsonl.out"


class Jobs(Protocol):
    """Bedrock's batch inference jobs."""

    def get(self, arn: str) -> PaidResource | None:
        """The job, or None."""
        ...

    def delete(self, arn: str) -> None:
        """Stops the job."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Whether all jobs of the run are over, and how long the oldest of the others was started ago."""

    status: Literal["InProgress", "Completed"]
    seconds: float = 0


def wait_seconds(progress: Progress, polling: Polling) -> int:
    """Seconds until the next look."""
    return max(polling.wait(progress.seconds), round(progress.seconds * _SHARE_WAITED))


@dataclass(frozen=True, slots=True)
class BatchCollector:
    """Collects the answers of a run's batch jobs. `shard_size` is the number of questions of a file of answers."""

    jobs: Jobs
    allotments: Allotments
    shard_size: int

    def progress(self, folder: RunFolder, manifest: Manifest) -> Progress:
        """Collects from the jobs that have ended. Stops a job that takes longer than Bedrock should let it."""
        waiting = [
            seconds_since(record.recorded_at)
            for under, record in batch_jobs(folder).items()
            if not record.is_over and not self._collected(folder, manifest, under, record)
        ]
        return Progress("InProgress", max(waiting)) if waiting else Progress("Completed")

    def _collected(self, folder: RunFolder, manifest: Manifest, under: str, record: BatchJob) -> bool:
        """Whether the job was over. Its answers are then written, and the record says so."""
        if record.job_arn is None:  # the step that starts it has failed for good, or the run would not be here
            return True
        job = self.jobs.get(record.job_arn)
        if job is None and seconds_since(record.recorded_at) < _VISIBLE_SECONDS:
            raise RetryableError(f"Bedrock has accepted the batch job {record.job_name} and does not show it yet.")
        if job and (not job.has_ended or job.status == "Stopping"):
            if job.status != "Stopping" and seconds_since(job.created_at) > OVERDUE_SECONDS:
                self.jobs.delete(job.arn)
            return False
        answered, reason = self._save_answers(folder, manifest, under, record)
        if job is None or job.status != "Completed":
            reason = f"Bedrock ended the job as {job.status}: {job.failure}" if job else "The job is gone."
        missing = record.records - answered
        problem = f"{missing:,} of {record.records:,} answers are missing. {reason}" if missing else None
        changes = {"ended_at": iso(now()), "answered": answered, "problem": problem}
        folder.save(record.model_copy(update=changes), under)
        return True

    def _save_answers(self, folder: RunFolder, manifest: Manifest, under: str, record: BatchJob) -> tuple[int, str]:
        """Writes the answers. Returns how many there are, and the first error of a record without one."""
        contestant = manifest.contestant(record.contestant)
        settings = manifest.for_contestant(contestant).settings
        asked = asked_in_batch(folder, manifest, contestant)
        replies, errors = _replies(folder, under)
        answers: list[Answer | None] = [None] * len(asked)
        unused = Tokens(0, 0)
        for number, each in enumerate(asked):
            if reply := replies.get(record_id(number)):
                answers[number] = _answer(each, reply)
                unused += unused_of(most_tokens(each.question, settings), reply)
        self.allotments.batch_account(record.contestant).settle(unused)
        size = self.shard_size * settings.evaluation.samples
        for shard, first in enumerate(range(0, len(asked), size)):
            _write(folder, Keys.answers(record.contestant, shard), answers[first : first + size])
        return sum(answer is not None for answer in answers), next(iter(errors), "The output has no line for them.")


def _replies(folder: RunFolder, under: str) -> tuple[dict[str, Reply], list[str]]:
    """The replies in the output of a job by the ids of their records, and the errors of the others."""
    replies: dict[str, Reply] = {}
    errors: list[str] = []
    for name in folder.list(under + OUTPUT):
        for line in folder.read_lines(name) if name.endswith(_OUTPUT) else ():
            if reply := _reply(line):
                replies[str(line.get("recordId"))] = reply
            else:
                errors.append(_error(line))
    return replies, errors


# Any: a line of Bedrock's output, whose members are checked here.
def _reply(line: Any) -> Reply | None:
    try:
        return reply_of(line["modelOutput"], 0)
    except (KeyError, TypeError, AttributeError):
        return None


def _error(line: Any) -> str:
    error = line.get("error") if isinstance(line, dict) else None
    if not isinstance(error, dict):
        return "A line of the output is not of the documented form."
    return f"Bedrock says of the first one: {error.get('errorCode')} {error.get('errorMessage')}"


def _answer(asked: Asked, reply: Reply) -> Answer:
    return Answer(
        id=asked.question.id,
        sample=asked.sample,
        answer=reply.text,
        stop_reason=reply.stop_reason,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        batch=True,
    )


def _write(folder: RunFolder, name: str, answers: Sequence[Answer | None]) -> None:
    found = [answer for answer in answers if answer]
    if found:
        folder.save_records(name, found)
