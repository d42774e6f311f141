"""Starts the batch jobs that the approved estimate has: those of contestants, or those of judges.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:CreateModelInvocationJob,
bedrock:TagResource, iam:PassRole.
"""

from __future__ import annotations

from pydantic import Field

from lambdas.step import Environment, RunEvent, StepResult, logger, step
from tuner.aws.bedrock.invocation_jobs import InvocationJobs
from tuner.evaluation.grading.batches import batches_of
from tuner.serving.batch.start import BatchStarter


class StartBatchEvent(RunEvent):
    """`judges`: the jobs of the judges. `shard_size` is the number of questions that are scored together."""

    judges: bool = False
    shard_size: int = Field(1, ge=1)


class StartedBatch(StepResult):
    """How many jobs were started, and the seconds until the first check."""

    jobs: int
    wait_seconds: int


@step(StartBatchEvent)
def handler(event: StartBatchEvent, env: Environment) -> StartedBatch:
    """Starts only the jobs that an earlier attempt did not start."""
    folder, name = env.open_folder(event.run_id), env.deployment.name
    starter = BatchStarter(InvocationJobs(company=env.deployment), folder, name, env.batch_role_arn)
    started = starter.start(batches_of(folder, name, event.judges, event.shard_size))
    for job in started:
        if job.problem:
            logger.warning(f"{job.contestant or job.judge} is asked by calls: {job.problem}")
    return StartedBatch(
        jobs=sum(job.job_arn is not None for job in started), wait_seconds=env.deployment.training_polling.wait(0)
    )
