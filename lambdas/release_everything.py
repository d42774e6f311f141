"""Releases whatever the deployment has alive before its stack is deleted, or refuses the deletion in words.

Without the stack nothing would be left that releases it. A custom resource that is deleted first calls this.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment, bedrock:DeleteProvisionedModelThroughput,
bedrock:DeleteCustomModelDeployment, bedrock:ListModelCustomizationJobs, bedrock:GetModelCustomizationJob,
bedrock:StopModelCustomizationJob, states:ListExecutions.
"""

from __future__ import annotations

from lambdas.step import Environment, logger, step
from tuner.aws.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.executions import Executions
from tuner.aws.stack_events import StackRequest, answer
from tuner.aws.training_jobs import TrainingJobs
from tuner.costs.prices import price_list
from tuner.serving.alive import hourly_usd
from tuner.serving.farewell import refusal
from tuner.serving.release import Release


@step(StackRequest)
def handler(event: StackRequest, env: Environment) -> None:
    """Always answers: CloudFormation would wait for an hour."""
    why = None
    if event.kind == "Delete":
        price = hourly_usd(price_list(env.deployment.prices))
        kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs())
        release = Release(kinds, env.deployment.name, env.folder, price)
        try:
            why = refusal(release, Executions(env.state_machine_arn))
        except Exception as error:  # handed on as the reason, whatever it is
            logger.exception("The release failed")
            why = f"What is alive could not be released: {type(error).__name__}: {error}"
    answer(event, f"{env.deployment.name}-releases", why)
