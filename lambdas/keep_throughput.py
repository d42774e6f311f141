"""Keeps the endpoint of an accepted model for the hours that the run states: the release switch is armed for then.

Calls: s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment, bedrock:TagResource,
scheduler:UpdateSchedule, scheduler:CreateSchedule, scheduler:GetSchedule, iam:PassRole.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, step
from tuner.aws.bedrock.endpoints import endpoints_of
from tuner.aws.scheduler import OneTimeSchedules
from tuner.serving.release_schedule import Switch
from tuner.serving.retention import keep


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, str | None]:
    folder = env.folder(event.run_id)
    settings = folder.manifest().settings
    switch = Switch(
        OneTimeSchedules(env.schedule_group),
        env.deployment.name,
        event.run_id,
        function_arn=env.release_function_arn,
        role_arn=env.scheduler_role_arn,
    )
    return {"kept_until": keep(endpoints_of(settings.serving), folder, switch, settings.keep_hours).kept_until}
