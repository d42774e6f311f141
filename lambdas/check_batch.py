"""Reads the status of the run's batch jobs, and writes the answers or judgments of those that have ended.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:GetModelInvocationJob,
bedrock:StopModelInvocationJob (when a job takes longer than Bedrock's limit).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.invocation_jobs import InvocationJobs
from tuner.evaluation.grading.batches import batches_of
from tuner.serving.batch.collect import BatchCollector, wait_seconds


class BatchEvent(RunEvent):
    """`judges`: the jobs of the judges. `shard_size` is the number of questions of a file of answers."""

    judges: bool = False
    shard_size: int = Field(ge=1)


class BatchStatus(StepResult):
    """`Completed` when all jobs are over, and the seconds until the next check."""

    status: Literal["InProgress", "Completed"]
    wait_seconds: int


@step(BatchEvent)
def handler(event: BatchEvent, env: Environment) -> BatchStatus:
    """Jobs that failed are over too: what they did not answer is asked on demand."""
    folder = env.folder(event.run_id)
    source = batches_of(folder, env.deployment.name, event.judges, event.shard_size)
    found = BatchCollector(InvocationJobs(), folder).progress(source)
    return BatchStatus(status=found.status, wait_seconds=wait_seconds(found, env.deployment.training_polling))
