"""Ends what is paid for of a run, or of every run that is over: endpoints and customization jobs. Called by the state
machine, the rule on ended executions, the release switch, the hourly sweep, the deletion of the stack and people.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment, bedrock:DeleteProvisionedModelThroughput,
bedrock:DeleteCustomModelDeployment, bedrock:ListModelCustomizationJobs, bedrock:GetModelCustomizationJob,
bedrock:StopModelCustomizationJob, states:DescribeExecution, scheduler:DeleteSchedule; in the sweep
bedrock:ListCustomModels, bedrock:DeleteCustomModel, sns:Publish; before the stack is deleted states:ListExecutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lambdas.step import Environment, logger, metrics, step
from tuner.aws.bedrock.custom_models import CustomModels
from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.aws.executions import Executions
from tuner.aws.notifications import notify
from tuner.aws.s3.training_index import TrainingIndex
from tuner.aws.scheduler import OneTimeSchedules
from tuner.aws.stack_events import StackRequest, answer
from tuner.costs.prices import price_list
from tuner.serving.alarm import SUBJECT, alarm
from tuner.serving.inventory import Alive, alive, hourly_usd, is_needed
from tuner.serving.model_cleanup import delete_unused
from tuner.serving.release import Outcome, Release
from tuner.serving.release_schedule import disarm_if_released
from tuner.serving.stack_deletion import refusal
from tuner.training.job_record import used_by_others


class _Execution(BaseModel):
    """The detail of "Step Functions Execution Status Change": the execution's name is the run's id."""

    name: str
    status: str = "ABORTED"


class ReleaseEvent(BaseModel):
    """A run, an ended execution, everything that no running execution needs, or everything before the stack goes."""

    model_config = ConfigDict(frozen=True)

    run_id: str | None = Field(None, pattern=r"^[a-z0-9-]{1,63}$")
    detail: _Execution | None = None
    sweep: bool = False
    stack: StackRequest | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_cloudformation(cls, event: Any) -> Any:
        return {"stack": event} if isinstance(event, dict) and "RequestType" in event else event

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if sum((self.run_id is not None, self.detail is not None, self.sweep, self.stack is not None)) != 1:
            raise ValueError('give one of {"run_id": ...}, {"sweep": true} or an execution status change event')
        return self


@step(ReleaseEvent)
def handler(event: ReleaseEvent, env: Environment) -> dict[str, Any]:
    kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs())
    if event.stack:
        _answer_the_stack(event.stack, Release(kinds, env.deployment.name, env.folder, _price(env)), env)
        return {}
    shared = used_by_others(TrainingIndex(env.artifacts_bucket), Executions(env.state_machine_arn).status)
    release = Release(kinds, env.deployment.name, env.folder, _price(env), shared)
    if event.run_id:
        outcome = _disarmed(event.run_id, release.run(event.run_id), env)
    elif event.detail:
        outcome = _disarmed(event.detail.name, release.ended(event.detail.name, event.detail.status != "FAILED"), env)
    else:
        outcome = _sweep(release, env)
    metrics.add_metric("EndpointsReleased", MetricUnit.Count, len(outcome.released))
    logger.info("Released", released=outcome.released, alive=outcome.alive, completing=outcome.completing)
    return {
        "released": list(outcome.released),
        "alive": list(outcome.alive),
        "completing": list(outcome.completing),
    }


def _answer_the_stack(request: StackRequest, release: Release, env: Environment) -> None:
    """Always answers: CloudFormation waits until then. A stack that is deleted goes when nothing of it is alive."""
    why = None
    if request.kind == "Delete":
        try:
            why = refusal(release, Executions(env.state_machine_arn))
        except Exception as error:  # handed on as the reason, whatever it is
            logger.exception("The release before the deletion failed")
            why = f"What is alive could not be released, for a reason that nobody foresaw: {error}"
    answer(request, f"{env.deployment.name}-releases", why)


def _price(env: Environment) -> Callable[[PaidResource], float | None]:
    return hourly_usd(price_list(env.deployment.prices))


def _disarmed(run_id: str, outcome: Outcome, env: Environment) -> Outcome:
    if not outcome.alive:
        disarm_if_released(OneTimeSchedules(env.schedule_group), env.deployment.name, env.folder(run_id))
    return outcome


def _sweep(release: Release, env: Environment) -> Outcome:
    """Raises nothing for what cannot be released: it tells people, once an hour, and comes back by itself."""
    deployment, status_of = env.deployment.name, Executions(env.state_machine_arn).status
    served_hours = env.deployment.longest_throughput_hours
    longest_hours = served_hours + env.deployment.longest_keep_hours
    outcome, failures = release.sweep(
        is_needed(status_of, deployment, served_hours, longest_hours, release.used_by_others)
    )
    metrics.add_metric("ReleaseFailed", MetricUnit.Count, len(failures))
    if failures:
        logger.error("Not released", failures=[str(failure.error) for failure in failures])
        notify(env.topic_arn, SUBJECT, alarm(failures, release.price, deployment), {"status": "RELEASE_FAILED"})
    endpoints = [kind for kind in release.kinds if kind.kind != "training"]
    _count(alive(endpoints, deployment, longest_hours, release.price))
    deleted = delete_unused(
        CustomModels(),
        endpoints,
        deployment,
        env.deployment.model_retention_days,
        status_of,
        release.used_by_others,
    )
    metrics.add_metric("ModelsDeleted", MetricUnit.Count, len(deleted))
    logger.info("Deleted custom models that nothing uses", models=deleted)
    return outcome


def _count(found: Iterable[Alive]) -> None:
    """What is alive, and the age of the oldest that neither has a term nor is kept: what an alarm goes by."""
    mine = [entry for entry in found if entry.ours]
    unexpected = [entry.hours for entry in mine if not entry.expected]
    metrics.add_metric("EndpointsAlive", MetricUnit.Count, len(mine))
    metrics.add_metric("OldestEndpointHours", MetricUnit.NoUnit, max(unexpected, default=0.0))
