"""Runs as Step Functions knows them: one execution each, named after the run."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.translate import code_of, translated
from tuner.cli.deployment import Deployment
from tuner.cli.errors import CommandError
from tuner.times import iso, now

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]
LATEST = "latest"
# DescribeExecution allows 15 requests a second in the smaller Regions.
_AT_ONCE = 5


class UnknownRunError(CommandError):
    """No run, or more than one, has this id or prefix."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run's execution. `error` and `cause` are those of a run that did not succeed."""

    run_id: str
    status: Status
    started: datetime
    ended: datetime | None
    dataset: str
    error: str | None = None
    cause: str | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status != "RUNNING"

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


def newest(deployment: Deployment, limit: int) -> list[Run]:
    """The `limit` newest runs, newest first."""
    names = list(itertools.islice(_names(deployment), limit))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda name: find(deployment, name), names)
        return sorted((run for run in found if run), key=lambda run: run.started, reverse=True)


def resolve(deployment: Deployment, reference: str) -> Run:
    """The run that an id, an unambiguous beginning of one, or `latest` means. Raises UnknownRunError."""
    if reference == LATEST:
        runs = newest(deployment, 1)
        if not runs:
            raise UnknownRunError("There are no runs yet. Start one with: tuner run PATH")
        return runs[0]
    exact = find(deployment, reference) if _is_id(reference) else None
    return exact or _by_prefix(deployment, reference)


def _by_prefix(deployment: Deployment, reference: str) -> Run:
    names = list(_names(deployment))
    matches = [name for name in names if name.startswith(reference)]
    found = find(deployment, matches[0]) if len(matches) == 1 else None
    if found:
        return found
    if matches:
        shown = ", ".join(matches[:5]) + (", ..." if len(matches) > 5 else "")
        raise UnknownRunError(f"'{reference}' is the beginning of {len(matches)} runs: {shown}. Give more of it.")
    close = difflib.get_close_matches(reference, names, n=1, cutoff=0.7)
    hint = f"Did you mean '{close[0]}'?" if close else "'tuner runs' lists them."
    raise UnknownRunError(f"There is no run '{reference}' in the stack '{deployment.stack}'. {hint}")


def _names(deployment: Deployment) -> Iterator[str]:
    """Every run's id, newest first, as Step Functions lists executions."""
    with translated("list the runs"):
        pages = client("stepfunctions").get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=deployment.state_machine_arn):
            yield from (entry["name"] for entry in page["executions"])


def _is_id(reference: str) -> bool:
    return 0 < len(reference) <= 80 and all(
        letter.isascii() and (letter.isalnum() or letter in "-_") for letter in reference
    )


def _dataset(text: str) -> str:
    try:
        return str(json.loads(text)["dataset"])
    except (ValueError, KeyError, TypeError):
        return ""
