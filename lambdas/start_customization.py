"""Starts the run's customization job, or finds the one that an earlier attempt started.

Calls: s3:GetObject, kms:Decrypt, bedrock:GetModelCustomizationJob, bedrock:CreateModelCustomizationJob,
bedrock:TagResource, bedrock:ListModelCustomizationJobs (when the account takes no further job), iam:PassRole.
"""

from __future__ import annotations

from typing import Any

from lambdas.step import Environment, RunEvent, step
from tuner.aws.bedrock import Bedrock
from tuner.training import job


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, Any]:
    folder = env.folder(event.run_id)
    started = job.start(
        Bedrock(company=env.deployment), folder, folder.manifest(), env.deployment.name, env.customization_role_arn
    )
    return {"job_arn": started.arn, "wait_seconds": job.wait_seconds(started, env.deployment.training_polling)}
