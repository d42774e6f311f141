"""Reports a run that could not report itself: stopped by a person, out of time, or failed in its own report."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lambdas.step import Environment, count_run, logger, step
from tuner.aws.executions import ending
from tuner.aws.notifications import notify
from tuner.reporting import (
    await_release,
    build,
    ended_from_outside,
    is_notified,
    mark_notified,
    measures,
    publish,
    published,
    subject,
    summary,
)

_CAMEL = ConfigDict(frozen=True, populate_by_name=True)


class Detail(BaseModel):
    """The execution that ended."""

    model_config = _CAMEL

    execution_arn: str = Field(alias="executionArn")
    name: str
    status: Literal["FAILED", "ABORTED", "TIMED_OUT"]


class StatusChange(BaseModel):
    """EventBridge's "Step Functions Execution Status Change"."""

    model_config = _CAMEL

    detail: Detail


@step(StatusChange)
def handler(event: StatusChange, env: Environment) -> None:
    """Writes the report and notifies, as far as the run did not do so itself.

    A report that says SUCCEEDED of a run that did not is not the truth: the run ended after it was written, and before
    or while people were told of it.
    """
    ended = event.detail
    folder = env.folder(ended.name)
    report = published(folder)
    if report is None or report.status == "SUCCEEDED":
        how = ending(ended.execution_arn)
        await_release(folder)
        reason = ended_from_outside(ended.status, how.error, how.cause)
        report = build(folder, reason, ended.status, ended.execution_arn)
        publish(folder, report)
        count_run(measures(report))
    elif is_notified(folder, report):
        logger.info("The run has its report, and people know of it", extra={"run_id": ended.name})
        return
    notify(env.topic_arn, subject(report), summary(report), {"status": report.status, "run_id": report.run_id})
    mark_notified(folder, report)
