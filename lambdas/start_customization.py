"""Starts the run's customization job, finds the one of an earlier attempt, or adopts the job of another run.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, states:DescribeExecution,
bedrock:GetModelCustomizationJob, bedrock:ListTagsForResource, bedrock:CreateModelCustomizationJob,
bedrock:TagResource, bedrock:ListModelCustomizationJobs (when the account takes no further job), iam:PassRole.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.executions import Executions
from tuner.aws.s3.training_index import TrainingIndex
from tuner.training import job
from tuner.training.adoption import Adoption


class StartedJob(StepResult):
    """The customization job, and the seconds until its first check."""

    job_arn: str
    wait_seconds: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> StartedJob:
    """Starts a job only if there is none to continue with."""
    folder, bedrock = env.folder(event.run_id), Bedrock(company=env.deployment)
    status_of = Executions(env.state_machine_arn).status
    adoption = Adoption(bedrock, TrainingIndex(env.artifacts_bucket), status_of, env.deployment.name)
    starter = job.JobStarter(bedrock, adoption, env.customization_role_arn)
    (only,) = folder.manifest().customizations
    started = starter.start(folder, only)
    return StartedJob(job_arn=started.arn, wait_seconds=job.wait_seconds(started, env.deployment.training_polling))
