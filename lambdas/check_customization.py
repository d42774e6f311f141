"""Returns the status of the run's customization job, and when to check it again.

Calls: s3:ListBucket, s3:GetObject, kms:Decrypt, bedrock:GetModelCustomizationJob.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.training import job


class JobStatus(StepResult):
    """The customization job, and the seconds until the next check."""

    status: str
    wait_seconds: int
    custom_model_arn: str | None


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> JobStatus:
    """Raises CustomizationFailedError when the job failed, was stopped, or takes too long."""
    folder = env.folder(event.run_id)
    (only,) = folder.manifest().customizations
    found = job.check(Bedrock(), folder, only)
    job.refuse_overdue(found, env.deployment.longest_training_hours)
    wait = job.wait_seconds(found, env.deployment.training_polling)
    return JobStatus(status=found.status, wait_seconds=wait, custom_model_arn=found.custom_model_arn)
