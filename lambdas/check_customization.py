"""Returns the status of the run's customization job, and when to check it again.

With candidates, the status of all their jobs: `PlaceFree` when the next one can be started.

Calls: s3:ListBucket, s3:GetObject, kms:Decrypt, bedrock:GetModelCustomizationJob.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.training import candidates, job


class JobStatus(StepResult):
    """The customization job, and the seconds until the next check."""

    status: str
    wait_seconds: int
    custom_model_arn: str | None = None


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> JobStatus:
    """Raises CustomizationFailedError when the job failed, was stopped, or takes too long.

    With candidates, when all of them failed, or when they take too long together.
    """
    folder, polling = env.folder(event.run_id), env.deployment.training_polling
    manifest, longest_hours = folder.manifest(), env.deployment.longest_training_hours
    if manifest.candidates:
        several = candidates.progress(Bedrock(), folder, manifest, env.deployment)
        candidates.refuse_overdue(several, longest_hours)
        return JobStatus(status=several.status, wait_seconds=polling.wait(several.seconds))
    (only,) = manifest.customizations
    found = job.check(Bedrock(), folder, only)
    job.refuse_overdue(found, longest_hours)
    wait = job.wait_seconds(found, polling)
    return JobStatus(status=found.status, wait_seconds=wait, custom_model_arn=found.custom_model_arn)
