"""Deletes the paid endpoints of a run, or of every run that is over. Called by the state machine, the rule on ended
executions, the release switch, the hourly sweep and people.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment, bedrock:DeleteProvisionedModelThroughput,
bedrock:DeleteCustomModelDeployment, states:DescribeExecution (in the sweep), scheduler:DeleteSchedule.
"""

from __future__ import annotations

from typing import Any, Self

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lambdas.step import Environment, logger, metrics, step
from tuner.aws.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.executions import Executions
from tuner.aws.scheduler import OneTimeSchedules
from tuner.serving.release import Outcome, Release
from tuner.serving.switch import disarm_if_released


class _Execution(BaseModel):
    """The detail of "Step Functions Execution Status Change": the execution's name is the run's id."""

    name: str


class ReleaseEvent(BaseModel):
    """A run, an ended execution, or everything that no running execution needs."""

    model_config = ConfigDict(frozen=True)

    run_id: str | None = Field(None, pattern=r"^[a-z0-9-]{1,63}$")
    detail: _Execution | None = None
    sweep: bool = False

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if sum((self.run_id is not None, self.detail is not None, self.sweep)) != 1:
            raise ValueError('give one of {"run_id": ...}, {"sweep": true} or an execution status change event')
        return self


@step(ReleaseEvent)
def handler(event: ReleaseEvent, env: Environment) -> dict[str, Any]:
    release = Release((ProvisionedThroughputs(), ModelDeployments()), env.deployment.name, env.folder)
    run_id = event.run_id or (event.detail.name if event.detail else None)
    outcome = _run(release, run_id, env) if run_id else release.sweep(Executions(env.state_machine_arn).is_running)
    metrics.add_metric("EndpointsReleased", MetricUnit.Count, len(outcome.released))
    logger.info("Released", released=outcome.released, alive=outcome.alive)
    return {"released": list(outcome.released), "alive": list(outcome.alive)}


def _run(release: Release, run_id: str, env: Environment) -> Outcome:
    outcome = release.run(run_id)
    if not outcome.alive:
        disarm_if_released(OneTimeSchedules(env.schedule_group), env.deployment.name, env.folder(run_id))
    return outcome
