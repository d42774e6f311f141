"""Starts the run of a dataset whose training data was uploaded, once, however often the event is delivered.

Calls: s3:ListBucket, s3:GetObject, kms:Decrypt, states:StartExecution.
"""

from __future__ import annotations

from pydantic import Field

from lambdas.step import Environment, StepResult, logger, step
from tuner.aws.executions import Executions
from tuner.aws.s3.dataset_bucket import DatasetBucket
from tuner.core.run import dataset_file
from tuner.core.strict_model import FrozenModel
from tuner.intake.arrival import arrive


class _Object(FrozenModel):
    key: str


class _Bucket(FrozenModel):
    name: str


class _Detail(FrozenModel):
    """EventBridge delivers the plain key. S3's own notifications would URL-encode it."""

    bucket: _Bucket
    object: _Object


class StartEvent(FrozenModel):
    """S3's "Object Created" event from EventBridge, or the name of a dataset from a person."""

    detail: _Detail | None = None
    dataset: str | None = Field(None, min_length=1, pattern=r"^[^/]+$")
    repeat: int = Field(0, ge=0, le=999)


class StartResult(StepResult):
    """The run, and whether it was started now. `reason` says why not."""

    started: bool
    run_id: str | None = None
    execution_arn: str | None = None
    reason: str = ""


@step(StartEvent)
def handler(event: StartEvent, env: Environment) -> StartResult:
    """Waits until the dataset's folder does not change any more."""
    dataset = event.dataset or _dataset_of(event, env)
    if dataset is None:
        return StartResult(started=False, reason="This object is not the training data of a dataset.")
    arrival = arrive(DatasetBucket(env.data_bucket), dataset, env.deployment.quiet_seconds, event.repeat)
    executions = Executions(env.state_machine_arn)
    # Step Functions forgets an execution's name after 90 days, but the run's folder stays.
    ran_before = bool(env.folder(arrival.run_id).list(""))
    started = not ran_before and executions.start(arrival.run_id, arrival.execution_input())
    logger.info("A dataset was uploaded", dataset=dataset, run_id=arrival.run_id, started=started)
    result = StartResult(run_id=arrival.run_id, execution_arn=executions.arn(arrival.run_id), started=started)
    if started:
        return result
    return result.model_copy(update={"reason": "This content was run before: 'tuner run PATH --again' repeats it."})


def _dataset_of(event: StartEvent, env: Environment) -> str | None:
    # The rule matches by suffix only, so objects outside of incoming/ arrive here too (stacks/trigger.py).
    if event.detail is None or event.detail.bucket.name != env.data_bucket:
        return None
    found = dataset_file(event.detail.object.key)
    return found.dataset if found and found.role == "training" else None
