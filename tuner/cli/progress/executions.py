"""Reads runs from Step Functions: every run is one execution with the run's id as its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.cli.deployment import Deployment
from tuner.core.strict_model import JsonObject
from tuner.core.times import iso, now

# PENDING_REDRIVE: a person restarted a failed execution, which continues with the failed state.
Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]


@dataclass(frozen=True, slots=True)
class Run:
    """A run's execution. `error` and `cause` are set when it did not succeed.

    Step Functions deletes an execution 90 days after its end. The data of an `archived` run is from its folder.
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
        """Whether the run has ended, successfully or not."""
        return self.status not in ("RUNNING", "PENDING_REDRIVE")

    @property
    def seconds(self) -> float:
        """Duration of the run, up to now when it has not ended."""
        return ((self.ended or now()) - self.started).total_seconds()

    def as_json(self) -> JsonObject:
        """The run as `tuner runs --json` prints it."""
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
    with mapped_errors(f"read the run '{run_id}'"):
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
    """The ids of all runs, newest first.

    ListExecutions sorts "by time", and does not say by which one. A run that was repeated can end before the first one.
    So each page of up to 1,000 executions is sorted by the start: `latest` must never mean an older run.
    """
    with mapped_errors("list the runs"):
        pages = client("stepfunctions").get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=deployment.state_machine_arn, maxResults=1000):
            newest = sorted(page["executions"], key=lambda entry: entry["startDate"], reverse=True)
            yield from (entry["name"] for entry in newest)


def _dataset(text: str) -> str:
    # The input of an execution that a person started in the console can be anything.
    try:
        return str(json.loads(text)["dataset"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
