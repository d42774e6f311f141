"""Closes the ledger's entry of a run that has ended, and reports a run that could not report itself.

Such a run was stopped, timed out, or failed while writing its report. The hourly sweep closes the entries of runs whose
end was not delivered.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, sns:Publish,
states:DescribeExecution, dynamodb:GetItem, dynamodb:Query, dynamodb:PutItem, dynamodb:UpdateItem.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from lambdas.step import Environment, count_run, logger, step
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.aws.executions import Executions, describe
from tuner.aws.notifications import notify
from tuner.core.strict_model import FrozenModel
from tuner.core.times import now
from tuner.reporting import Closing


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
    ledger, ended = LedgerTable(env.state_table), event.detail
    closing = Closing(ledger, partial(notify, env.topic_arn), count_run)
    if ended is None:
        _sweep(closing, ledger, env)
    elif ended.status == "SUCCEEDED":
        closing.settle(env.folder(ended.name))
    else:
        execution = describe(ended.execution_arn)
        closing.unsuccessful(env.folder(ended.name), ended.status, execution, ended.execution_arn)


def _sweep(closing: Closing, ledger: LedgerTable, env: Environment) -> None:
    status_of = Executions(env.state_machine_arn).status
    runs, failures = closing.open_entries(ledger.open_entries(now()), status_of, env.folder)
    logger.info("Closed entries of the ledger", runs=runs, failures=[str(error) for error in failures])
    if failures:
        raise failures[0]
