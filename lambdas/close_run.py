"""Reports a run that could not report itself: it was stopped, timed out, or failed while writing its report.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, sns:Publish,
states:DescribeExecution.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from lambdas.notify import publish_notification
from lambdas.step import Environment, count_run, logger, step
from tuner.aws.executions import ending
from tuner.core.strict_model import FrozenModel
from tuner.reporting import (
    await_release,
    build,
    execution_failure,
    is_notified,
    publish,
    published,
    run_metrics,
)


class Detail(FrozenModel):
    """The execution that ended."""

    model_config = ConfigDict(populate_by_name=True)

    execution_arn: str = Field(alias="executionArn")
    name: str
    status: Literal["FAILED", "ABORTED", "TIMED_OUT"]


class StatusChange(FrozenModel):
    """EventBridge's "Step Functions Execution Status Change"."""

    detail: Detail


@step(StatusChange)
def handler(event: StatusChange, env: Environment) -> None:
    """Writes the report and publishes the notification, as far as the run did not.

    The run may already have a report that says SUCCEEDED: it was then stopped after the report and before the
    notification. That report is wrong and is written again.
    """
    ended = event.detail
    folder = env.folder(ended.name)
    report = published(folder)
    if report is None or report.status == "SUCCEEDED":
        how = ending(ended.execution_arn)
        # The same event invokes the release. A report before it would say that the endpoint may still cost money.
        await_release(folder)
        reason = execution_failure(ended.status, how.error, how.cause)
        report = build(folder, reason, ended.status, ended.execution_arn)
        publish(folder, report)
        count_run(run_metrics(report))
    elif is_notified(folder, report):
        logger.info("The run has its report, and its notification was published", extra={"run_id": ended.name})
        return
    publish_notification(folder, env.topic_arn, report)
