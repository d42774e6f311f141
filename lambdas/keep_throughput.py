"""Keeps the endpoint of an accepted model for the hours that the run asks for, and moves the release schedule there.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment, bedrock:TagResource,
scheduler:UpdateSchedule, scheduler:CreateSchedule, scheduler:GetSchedule, iam:PassRole.
"""

from __future__ import annotations

from lambdas.arm_release import release_schedule
from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.endpoints import endpoints_of
from tuner.serving.keep_endpoint import keep_endpoint


class KeptEndpoint(StepResult):
    """Until when the endpoint is kept; null when it is already gone."""

    kept_until: str | None


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> KeptEndpoint:
    """Moves the release schedule first: whatever fails afterwards, the endpoint has an end."""
    folder = env.open_folder(event.run_id)
    settings = folder.manifest().settings
    schedule = release_schedule(env, event.run_id)
    record = keep_endpoint(endpoints_of(settings.serving), folder, schedule, settings.keep_hours)
    return KeptEndpoint(kept_until=record.kept_until)
