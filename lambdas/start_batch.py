"""Starts a batch job for each contestant that the approved estimate has in batch.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:CreateModelInvocationJob,
bedrock:TagResource, iam:PassRole.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, logger, step
from tuner.aws.bedrock.invocation_jobs import InvocationJobs
from tuner.costs.allotments import Allotments
from tuner.serving.batch.start import BatchStarter


class StartedBatch(StepResult):
    """How many jobs were started, and the seconds until the first check."""

    jobs: int
    wait_seconds: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> StartedBatch:
    """Starts only the jobs that an earlier attempt did not start."""
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    allotments = Allotments.of(folder, manifest)
    starter = BatchStarter(InvocationJobs(company=env.deployment), allotments, env.deployment.name, env.batch_role_arn)
    started = starter.start(folder, manifest)
    for job in started:
        if job.problem:
            logger.warning(f"{job.contestant} is asked on demand: {job.problem}")
    return StartedBatch(
        jobs=sum(job.job_arn is not None for job in started), wait_seconds=env.deployment.training_polling.wait(0)
    )
