"""Writes the run's report, of a success or of a failure, from whatever the run made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from lambdas.step import Environment, RunEvent, count_run, logger, step
from tuner.aws.executions import Executions
from tuner.core.artifact_keys import Keys
from tuner.reporting import build, failure, measures, publish


class Caught(BaseModel):
    """What a Catch of the state machine hands on; `release_cause` when the throughput could not be released either."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    error: str | None
    cause: str | None
    release_cause: str | None = None


class WriteReportEvent(RunEvent):
    """`failure` is null when the run succeeded."""

    failure: Caught | None = Field(...)


@step(WriteReportEvent)
def handler(event: WriteReportEvent, env: Environment) -> dict[str, str | None]:
    """The error and cause for the Fail state, in words; both null on success.

    A step goes on when its execution is stopped. What became of that run is told by `close_run`, and stands.
    """
    caught = failure(**event.failure.model_dump()) if event.failure else None
    folder = env.folder(event.run_id)
    report = build(folder, caught)
    if Executions(env.state_machine_arn).status(event.run_id) == "RUNNING":
        publish(folder, report)
        count_run(measures(report))
    else:
        logger.info("The execution is over: its report is not written by its own step any more")
    address = folder.uri(Keys.REPORT_PAGE)
    if caught is None:
        return {"error": None, "cause": None, "report": address}
    return {"error": caught.error, "cause": caught.message, "report": address}
