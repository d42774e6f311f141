"""Runs as Step Functions knows them: one execution each, named after the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, translated
from tuner.cli.deployment import Deployment
from tuner.core.times import iso, now

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]


@dataclass(frozen=True, slots=True)
class Run:
    """A run's execution. `error` and `cause` are those of a run that did not succeed.

    Step Functions forgets an execution 90 days after its end: what is known of an `archived` run is from its folder.
    """

    run_id: str
    status: Status
    started: datetime
    ended: datetime | None
    dataset: str
    error: str | None = None
    cause: str | None = None
    archived: bool = False

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status not in ("RUNNING", "PENDING_REDRIVE")

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.ended or now()) - self.started).total_seconds()

    def as_json(self) -> dict[str, Any]:
        """The run as `tuner runs --json` shows it."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "dataset": self.dataset,
            "started_at": iso(self.started),
            "ended_at": iso(self.ended) if self.ended else None,
            "took_seconds": round(self.seconds, 1),
        }


def find(deployment: Deployment, run_id: str) -> Run | None:
    """The run with exactly this id, or None."""
    with translated(f"look at the run '{run_id}'"):
        try:
            found = client("stepfunctions").describe_execution(executionArn=deployment.execution_arn(run_id))
        except ClientError as error:
            if code_of(error) == "ExecutionDoesNotExist":
                return None
            raise
    return Run(
        run_id=found["name"],
        status=found["status"],
        started=found["startDate"],
        ended=found.get("stopDate"),
        dataset=_dataset(found.get("input", "")),
        error=found.get("error"),
        cause=found.get("cause"),
    )


def names(deployment: Deployment) -> Iterator[str]:
    """Every run's id, newest first, as Step Functions lists executions."""
    with translated("list the runs"):
        pages = client("stepfunctions").get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=deployment.state_machine_arn):
            yield from (entry["name"] for entry in page["executions"])


def _dataset(text: str) -> str:
    try:
        return str(json.loads(text)["dataset"])
    except (ValueError, KeyError, TypeError):
        return ""
