"""Writes the run's report, after a success or a failure, from the artifacts that exist.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, states:DescribeExecution.
"""

from __future__ import annotations

from pydantic import Field

from lambdas.step import Environment, RunEvent, StepResult, count_run, logger, step
from tuner.aws.executions import Executions, describe
from tuner.core.artifact_keys import Keys
from tuner.core.strict_model import StrictModel
from tuner.intake.same_name_run import refuse_earlier_run
from tuner.reporting import build, publish, run_metrics, step_failure


class Caught(StrictModel):
    """The error that a Catch passes on. `release_cause` is set when the throughput could not be released either."""

    error: str | None
    cause: str | None
    release_cause: str | None = None


class WriteReportEvent(RunEvent):
    """`failure` is null when the run succeeded."""

    failure: Caught | None = Field(...)


class WrittenReport(StepResult):
    """Error and cause for the Fail state, both null on success; and the address of the report's page."""

    error: str | None
    cause: str | None
    report: str


@step(WriteReportEvent)
def handler(event: WriteReportEvent, env: Environment) -> WrittenReport:
    """Builds the report, and writes it unless `close_run` does.

    Raises RunRefusedError when the folder is that of an earlier execution of this name: `close_run` then notifies.
    """
    arn = Executions(env.state_machine_arn).arn(event.run_id)
    refuse_earlier_run(env.folder(event.run_id), describe(arn).started_at)
    caught = step_failure(**event.failure.model_dump()) if event.failure else None
    folder = env.folder(event.run_id)
    report = build(folder, caught)
    # A Lambda function continues when its execution is stopped. `close_run` then writes the report, which must not be
    # overwritten here.
    if describe(arn).status == "RUNNING":
        publish(folder, report)
        count_run(run_metrics(report))
    else:
        logger.info("The execution has ended: close_run writes its report")
    address = folder.uri(Keys.REPORT_PAGE)
    if report.failure is None:
        return WrittenReport(error=None, cause=None, report=address)
    return WrittenReport(error=report.failure.error, cause=report.failure.message, report=address)
