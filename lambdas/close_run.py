"""Closes the ledger's entry of a run that has ended, and reports a run that could not report itself.

Such a run was stopped, timed out, or failed while writing its report. The hourly sweep closes the entries of runs whose
end was not delivered.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, sns:Publish,
states:DescribeExecution, dynamodb:GetItem, dynamodb:Query, dynamodb:PutItem, dynamodb:UpdateItem.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from lambdas.notify import publish_notification
from lambdas.step import Environment, count_run, logger, step
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.aws.executions import Executions, describe
from tuner.aws.notifications import notify
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import TunerError
from tuner.core.strict_model import FrozenModel
from tuner.core.times import iso, now
from tuner.costs.ledger.reservation import settle
from tuner.intake.same_name_run import earlier_run
from tuner.reporting import (
    await_release,
    build,
    execution_failure,
    is_notified,
    namesake_notification,
    publish,
    published,
    run_metrics,
)


class Detail(FrozenModel):
    """The execution that ended."""

    model_config = ConfigDict(populate_by_name=True)

    execution_arn: str = Field(alias="executionArn")
    name: str
    status: Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]


class CloseEvent(FrozenModel):
    """EventBridge's "Step Functions Execution Status Change", or the sweep."""

    detail: Detail | None = None
    sweep: bool = False

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.detail is None) is not self.sweep:
            raise ValueError('give {"sweep": true} or an execution status change event')
        return self


@step(CloseEvent)
def handler(event: CloseEvent, env: Environment) -> None:
    """Closes the ledger's entry of the run, or of every run that has ended."""
    if event.detail is None:
        _sweep(env)
    elif event.detail.status == "SUCCEEDED":
        _settle(env.folder(event.detail.name), env)
    else:
        _close(event.detail, event.detail.status, env)


def _close(ended: Detail, status: Literal["FAILED", "ABORTED", "TIMED_OUT"], env: Environment) -> None:
    """Writes the report and publishes the notification, as far as the run did not.

    The run may already have a report that says SUCCEEDED: it was then stopped after the report and before the
    notification. That report is wrong and is written again. The folder of an earlier execution of the same name is not
    written to.
    """
    folder, execution = env.folder(ended.name), describe(ended.execution_arn)
    reason = execution_failure(status, execution.error, execution.cause)
    if earlier := earlier_run(folder, execution.started_at):
        subject, text = namesake_notification(ended.name, reason, folder.uri(), iso(earlier))
        notify(env.topic_arn, subject, text, {"status": status, "run_id": ended.name})
        return
    report = published(folder)
    if report is None or report.status == "SUCCEEDED":
        # The same event invokes the release. A report before it would say that the endpoint may still cost money.
        await_release(folder)
        report = build(folder, reason, status, ended.execution_arn)
        publish(folder, report)
        count_run(run_metrics(report))
        _settle(folder, env)
    else:
        _settle(folder, env)
        if is_notified(folder, report):
            logger.info("The run has its report, and its notification was published", extra={"run_id": ended.name})
            return
    publish_notification(folder, env.topic_arn, report)


def _settle(folder: RunFolder, env: Environment) -> None:
    settle(LedgerTable(env.state_table), folder, published(folder), env.deployment, now())


def _sweep(env: Environment) -> None:
    """Closes the entries of runs that do not run any more: their event was lost, or the reservation came after it."""
    ledger, executions = LedgerTable(env.state_table), Executions(env.state_machine_arn)
    found = [entry.run_id for entry in ledger.open_entries(now())]
    ended = [run_id for run_id in found if executions.status(run_id) != "RUNNING"]
    failures: list[TunerError] = []
    for run_id in ended:
        try:
            _settle(env.folder(run_id), env)
        except TunerError as error:  # the others first
            failures.append(error)
    logger.info("Closed entries of the ledger", runs=ended, failures=[str(error) for error in failures])
    if failures:
        raise failures[0]
