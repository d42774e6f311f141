"""Releases the endpoints and jobs of a run, or of every run that has ended.

The state machine, the rules on ended executions, the release schedule, the hourly sweep, the deletion of the stack and
people call it. After a run that succeeded, it deletes the models of the candidates that were not chosen.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment, bedrock:DeleteProvisionedModelThroughput,
bedrock:DeleteCustomModelDeployment, bedrock:ListModelCustomizationJobs, bedrock:GetModelCustomizationJob,
bedrock:StopModelCustomizationJob, bedrock:ListModelInvocationJobs, bedrock:GetModelInvocationJob,
bedrock:StopModelInvocationJob, states:DescribeExecution; in the sweep scheduler:ListSchedules, scheduler:GetSchedule,
scheduler:DeleteSchedule, bedrock:ListCustomModels, bedrock:DeleteCustomModel, sns:Publish; before the stack is deleted
states:ListExecutions.
"""

from __future__ import annotations

from typing import Any, Self

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import Field, model_validator

from lambdas.step import Environment, StepResult, logger, metrics, step
from tuner.aws.bedrock.custom_models import CustomModels
from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.bedrock.invocation_jobs import InvocationJobs
from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.aws.executions import Executions
from tuner.aws.notifications import notify
from tuner.aws.s3.training_index import TrainingIndex
from tuner.aws.scheduler import OneTimeSchedules
from tuner.aws.stack_events import StackRequest, answer
from tuner.core.strict_model import FrozenModel
from tuner.costs.prices.price_list import price_list
from tuner.serving.inventory import HourlyPrice, hourly_price
from tuner.serving.release import Release, ReleaseOutcome
from tuner.serving.stack_deletion import refusal
from tuner.serving.sweep.hourly_sweep import HourlySweep
from tuner.serving.sweep.model_cleanup import DeletedModels, UnchosenModels
from tuner.serving.sweep.release_failure_message import SUBJECT, alarm
from tuner.training.job_record import used_by_others, users


class _Execution(FrozenModel):
    """The detail of "Step Functions Execution Status Change": the execution's name is the run's id."""

    name: str
    status: str = "ABORTED"


class ReleaseEvent(FrozenModel):
    """One of: a run, an ended execution, the sweep, or CloudFormation's request about the stack."""

    run_id: str | None = Field(None, pattern=r"^[a-z0-9-]{1,63}$")
    detail: _Execution | None = None
    sweep: bool = False
    stack: StackRequest | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_cloudformation(cls, event: Any) -> Any:
        """CloudFormation's own event has no member that could hold its request."""
        return {"stack": event} if isinstance(event, dict) and "RequestType" in event else event

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum((self.run_id is not None, self.detail is not None, self.sweep, self.stack is not None)) != 1:
            raise ValueError('give one of {"run_id": ...}, {"sweep": true} or an execution status change event')
        return self


class ReleaseResult(StepResult):
    """The ARNs of what was released, of what a commitment keeps (`alive`), and of jobs left to complete."""

    released: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()
    completing: tuple[str, ...] = ()


@step(ReleaseEvent)
def handler(event: ReleaseEvent, env: Environment) -> ReleaseResult:
    """Raises StillAliveError when something could not be released."""
    kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs(), InvocationJobs())
    if event.stack:
        # Without `used_by_others`: every job is stopped when the stack is deleted.
        _answer_cloudformation(event.stack, Release(kinds, env.deployment.name, env.folder, _price(env)), env)
        return ReleaseResult()
    if event.detail and event.detail.status == "SUCCEEDED":
        _log_deleted(_unchosen(env).of_run(event.detail.name))
        return ReleaseResult()
    shared = used_by_others(TrainingIndex(env.artifacts_bucket), Executions(env.state_machine_arn).status)
    release = Release(kinds, env.deployment.name, env.folder, _price(env), shared)
    if event.run_id:
        outcome = release.run(event.run_id)
    elif event.detail:
        # FAILED comes from the state machine itself, whose steps have all ended. ABORTED and TIMED_OUT may cut off a
        # step that is still running.
        outcome = release.ended_run(event.detail.name, cut_off=event.detail.status != "FAILED")
    else:
        outcome = _sweep(release, env)
    metrics.add_metric("EndpointsReleased", MetricUnit.Count, len(outcome.released))
    logger.info("Released", released=outcome.released, alive=outcome.committed, completing=outcome.completing)
    return ReleaseResult(
        released=tuple(outcome.released), alive=tuple(outcome.committed), completing=tuple(outcome.completing)
    )


def _answer_cloudformation(request: StackRequest, release: Release, env: Environment) -> None:
    """Releases everything before a deletion, and answers in any case: CloudFormation waits for the answer."""
    reason = None
    if request.kind == "Delete":
        try:
            reason = refusal(release, Executions(env.state_machine_arn))
        except Exception as error:  # any error becomes the reason, so that CloudFormation gets its answer
            logger.exception("The release before the deletion failed")
            reason = f"The deployment's resources could not be released, because of an unexpected error: {error}"
    answer(request, f"{env.deployment.name}-releases", reason)


def _price(env: Environment) -> HourlyPrice:
    return hourly_price(price_list(env.deployment.prices))


def _sweep(release: Release, env: Environment) -> ReleaseOutcome:
    """Runs the hourly sweep. The alarm and the metrics come before everything that only tidies up."""
    sweep = HourlySweep(release, env.deployment, Executions(env.state_machine_arn).status)
    outcome, failures = sweep.release_unneeded()
    alive = [failure for failure in failures if not failure.is_gone]
    metrics.add_metric("ReleaseFailed", MetricUnit.Count, len(alive))
    if failures:
        logger.error("Not released or not recorded", failures=[str(failure.error) for failure in failures])
    if alive:
        text = alarm(alive, release.price, env.deployment.name)
        notify(env.topic_arn, SUBJECT, text, {"status": "RELEASE_FAILED"})
    endpoints = sweep.endpoints()
    metrics.add_metric("EndpointsAlive", MetricUnit.Count, endpoints.number)
    metrics.add_metric("OldestEndpointHours", MetricUnit.NoUnit, endpoints.oldest_unexpected_hours)
    disarmed, unread = sweep.delete_schedules(OneTimeSchedules(env.schedule_group))
    logger.info("Deleted release schedules", runs=disarmed, unread=[str(error) for error in unread])
    _log_deleted(sweep.delete_models(CustomModels(), _unchosen(env)))
    return outcome


def _unchosen(env: Environment) -> UnchosenModels:
    index, executions = TrainingIndex(env.artifacts_bucket), Executions(env.state_machine_arn)
    return UnchosenModels(
        CustomModels(),
        env.deployment.name,
        env.folder,
        lambda name, tags: users(name, tags, index),
        executions.status,
    )


def _log_deleted(models: DeletedModels) -> None:
    """Raises the first error at the end, so that a model that cannot be deleted shows as an error of the function."""
    metrics.add_metric("ModelsDeleted", MetricUnit.Count, len(models.arns))
    logger.info("Deleted custom models that nothing uses", models=models.arns)
    if models.errors:
        logger.error("Custom models were not deleted", errors=[str(error) for error in models.errors])
        raise models.errors[0]
