"""Starts the run's customization job, finds the one of an earlier attempt, or adopts the job of another run.

With candidates, it does so for as many jobs as there are training places.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, states:DescribeExecution,
bedrock:GetModelCustomizationJob, bedrock:ListTagsForResource, bedrock:CreateModelCustomizationJob,
bedrock:TagResource, bedrock:ListModelCustomizationJobs (when the account takes no further job), iam:PassRole.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.executions import Executions
from tuner.aws.s3.training_index import TrainingIndex
from tuner.training import candidates, job
from tuner.training.adoption import Adoption


class StartedJob(StepResult):
    """The customization job, unless there are several, and the seconds until the first check."""

    job_arn: str | None = None
    wait_seconds: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> StartedJob:
    """Starts a job only if there is none to continue with."""
    folder, bedrock = env.open_folder(event.run_id), Bedrock(company=env.deployment)
    manifest, polling = folder.manifest(), env.deployment.training_polling
    status_of = Executions(env.state_machine_arn).status
    adoption = Adoption(bedrock, TrainingIndex(env.artifacts_bucket), status_of, env.deployment.name)
    starter = job.JobStarter(bedrock, adoption, env.customization_role_arn)
    if manifest.candidates:
        found = candidates.start_next(starter, folder, manifest, env.deployment)
        return StartedJob(wait_seconds=polling.wait(found.seconds))
    (only,) = manifest.customizations
    started = starter.start(folder, only)
    return StartedJob(job_arn=started.arn, wait_seconds=job.wait_seconds(started, polling))
