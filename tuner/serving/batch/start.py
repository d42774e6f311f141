"""Starts the batch jobs of a run: those that the approved estimate has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tuner.artifacts.batch import INPUT, OUTPUT, BatchJob
from tuner.aws.bedrock.resources import BatchRequest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import AwsError, QuotaError
from tuner.core.resource_names import run_tags
from tuner.core.times import iso, now
from tuner.serving.batch.jobs import Batch, Source, lines


class Jobs(Protocol):
    """Bedrock's batch inference jobs."""

    def create(self, request: BatchRequest) -> str:
        """Starts a job and returns its ARN."""
        ...


@dataclass(frozen=True, slots=True)
class BatchStarter:
    """Starts batch jobs for a deployment, with its service role."""

    jobs: Jobs
    folder: RunFolder
    deployment: str
    role_arn: str

    def start(self, source: Source) -> tuple[BatchJob, ...]:
        """The jobs of the run. Those that an earlier attempt started are not started again.

        A job that Bedrock refuses has a problem: its requests are then made by calls. Any other error is raised.
        """
        return tuple(self._start(batch) for batch in source.batches())

    def _start(self, batch: Batch) -> BatchJob:
        """Starts one job, or finds the one of an earlier attempt. A job that cannot be started is recorded with the
        reason."""
        record = self.folder.load_if_present(BatchJob, batch.under)
        if record and (record.job_arn or record.is_over):
            return record
        may_exist = record is not None
        if record is None:
            record = self._prepare(batch)
        if record.records < batch.least:
            problem = (
                f"A batch job of {batch.model} has at least {batch.least:,} records, and only {record.records:,} "
                "requests are left: answers are missing or alike."
            )
            return self._not_started(batch, record, problem, reserved=False)
        request = BatchRequest(
            name=record.job_name,
            model=batch.model,
            role_arn=self.role_arn,
            input_uri=self.folder.uri(batch.under + INPUT),
            output_uri=self.folder.uri(batch.under + OUTPUT),
            tags=run_tags(self.deployment, self.folder.run_id),
        )
        try:
            record = record.model_copy(update={"job_arn": self.jobs.create(request)})
        except (AwsError, QuotaError) as error:
            # A refusal says nothing of the request of an earlier attempt, whose reply was lost: it stays reserved.
            return self._not_started(batch, record, str(error), reserved=may_exist)
        self.folder.save(record, batch.under)
        return record

    def _not_started(self, batch: Batch, record: BatchJob, problem: str, reserved: bool) -> BatchJob:
        if not reserved:
            batch.call.give_back()
        record = record.model_copy(update={"ended_at": iso(now()), "problem": problem})
        self.folder.save(record, batch.under)
        return record

    def _prepare(self, batch: Batch) -> BatchJob:
        """Writes the input, reserves the tokens of the job, and then records that there may be one."""
        written = [f"{line}\n" for line in lines(batch.requests())]
        self.folder.write(batch.under + INPUT, "".join(written).encode())
        batch.call.reserve()
        record = batch.record.model_copy(update={"records": len(written), "recorded_at": iso(now())})
        self.folder.save(record, batch.under)
        return record
