"""Writes the run's report, of a success or of a failure, from whatever the run made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from lambdas.step import Environment, RunEvent, count_run, step
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
    """The error and cause for the Fail state, in words; both null on success."""
    caught = failure(**event.failure.model_dump()) if event.failure else None
    folder = env.folder(event.run_id)
    report = build(folder, caught)
    address = publish(folder, report)
    count_run(measures(report))
    if caught is None:
        return {"error": None, "cause": None, "report": address}
    return {"error": caught.error, "cause": caught.message, "report": address}
