"""Starts the batch jobs of a run: one for each contestant for which the approved estimate has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tuner.artifacts.batch import INPUT, OUTPUT, BatchJob
from tuner.artifacts.evaluation.contestants import Contestant
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.resources import BatchRequest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, QuotaError
from tuner.core.resource_names import batch_name, run_tags
from tuner.core.times import iso, now
from tuner.costs.allotments import Allotments
from tuner.serving.batch.requests import asked_in_batch, records


class Jobs(Protocol):
    """Bedrock's batch inference jobs."""

    def create(self, request: BatchRequest) -> str:
        """Starts a job and returns its ARN."""
        ...


@dataclass(frozen=True, slots=True)
class BatchStarter:
    """Starts batch jobs for a deployment, with its service role."""

    jobs: Jobs
    allotments: Allotments
    deployment: str
    role_arn: str

    def start(self, folder: RunFolder, manifest: Manifest) -> tuple[BatchJob, ...]:
        """The jobs of the run. Those that an earlier attempt started are not started again.

        A job that Bedrock refuses has a problem: its questions are then asked on demand. Any other error is raised.
        """
        batched = [
            (number, each)
            for number, each in enumerate(manifest.contestants, 1)
            if self.allotments.is_batched(each.name)
        ]
        return tuple(self._start(folder, manifest, number, each) for number, each in batched)

    def _start(self, folder: RunFolder, manifest: Manifest, number: int, contestant: Contestant) -> BatchJob:
        under = Keys.batch(contestant.name)
        record = folder.load_if_present(BatchJob, under)
        if record and (record.job_arn or record.is_over):
            return record
        may_exist = record is not None
        if record is None:
            record = self._prepare(folder, manifest, number, contestant)
        request = BatchRequest(
            name=record.job_name,
            model=contestant.model or manifest.base_endpoint,
            role_arn=self.role_arn,
            input_uri=folder.uri(under + INPUT),
            output_uri=folder.uri(under + OUTPUT),
            tags=run_tags(self.deployment, folder.run_id),
        )
        try:
            changes: dict[str, object] = {"job_arn": self.jobs.create(request)}
        except (AwsError, QuotaError) as error:
            # A refusal says nothing of the request of an earlier attempt, whose reply was lost: it stays reserved.
            if not may_exist:
                self.allotments.batch_account(contestant.name).give_back()
            changes = {"ended_at": iso(now()), "problem": str(error)}
        record = record.model_copy(update=changes)
        folder.save(record, under)
        return record

    def _prepare(self, folder: RunFolder, manifest: Manifest, number: int, contestant: Contestant) -> BatchJob:
        """Writes the input, reserves the tokens of the job, and then records that there may be one."""
        under = Keys.batch(contestant.name)
        asked = asked_in_batch(folder, manifest, contestant)
        lines = records(asked, manifest.for_contestant(contestant))
        folder.write(under + INPUT, "".join(f"{line}\n" for line in lines).encode())
        self.allotments.batch_account(contestant.name).reserve()
        record = BatchJob(
            contestant=contestant.name,
            job_name=batch_name(self.deployment, folder.run_id, number),
            records=len(asked),
            recorded_at=iso(now()),
        )
        folder.save(record, under)
        return record
