"""What must hold after every case. Each check returns what it found wrong, in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from tests.chaos.observations import Observations
from tuner.core.artifact_keys import Keys

# A run that has failed may be stopped while it reports the failure: it failed all the same.
_TRUE_OF = {"ABORTED": {"ABORTED", "FAILED"}}
Check = Callable[[Observations], Iterator[str]]


def nothing_is_alive(seen: Observations) -> Iterator[str]:
    """No throughput, no deployment."""
    for arn in seen.alive:
        yield f"LEAK: {arn} is alive and paid for"


def no_job_trains_for_nobody(seen: Observations) -> Iterator[str]:
    """A customization job in progress belongs to a running execution."""
    for job in seen.training:
        if not any(job.endswith(run) and execution["status"] == "RUNNING" for run, execution in seen.runs.items()):
            yield f"LEAK: the job {job} is training and no execution waits for it"


def one_job_for_a_run(seen: Observations) -> Iterator[str]:
    """Never more than one customization job."""
    for run in seen.runs:
        jobs = [name for name in seen.jobs if name.endswith(run)]
        if len(jobs) > 1:
            yield f"{run} started {len(jobs)} jobs"


def one_purchase_for_a_run(seen: Observations) -> Iterator[str]:
    """Never more than one throughput, deployment or commitment of a name, however soon it was deleted."""
    for name, count in Counter(bill["name"] for bill in seen.bills).items():
        if count > 1:
            yield f"{name} was bought {count} times"


def the_execution_ended(seen: Observations) -> Iterator[str]:
    """Whatever happened."""
    for run, execution in seen.runs.items():
        if execution["status"] == "RUNNING":
            yield f"{run} is still running"


def somebody_is_told(seen: Observations) -> Iterator[str]:
    """The report or the notice is there, and says what is true.

    What never became a run, or an end that could not be told, is an event in the queue that raises an alarm.
    """
    if not seen.runs and not seen.undelivered:
        yield "no run was started, and the event that should have started it is not kept either"
    for run, execution in seen.runs.items():
        true = _TRUE_OF.get(execution["status"], {execution["status"]})
        report = seen.artifacts.get(Keys.folder(run) + Keys.REPORT)
        notices = [notice for notice in seen.notices if _attribute(notice, "run_id") == run]
        if report is None and not notices and run not in json.dumps(seen.undelivered, default=str):
            yield f"{run} has neither a report nor a notice"
        if report is not None:
            yield from _untrue(run, execution, json.loads(report), true)
        if notices and (status := _attribute(notices[-1], "status")) not in true:
            yield f"the last notice of {run} says {status}, its execution is {execution['status']}"


def _untrue(run: str, execution: Mapping[str, Any], report: Mapping[str, Any], true: Collection[str]) -> Iterator[str]:
    if report["status"] not in true:
        yield f"the report of {run} says {report['status']}, its execution is {execution['status']}"
    said = (report["failure"] or {}).get("error")
    if execution["status"] == "FAILED" and said != execution["error"]:
        yield f"the report of {run} says {said}, its execution {execution['error']}"


def _attribute(notice: Mapping[str, Any], name: str) -> str:
    return str(notice.get("MessageAttributes", {}).get(name, {}).get("Value", ""))


def inputs_are_untouched(seen: Observations) -> Iterator[str]:
    """The same versions as were dropped, and no others."""
    for key, version in sorted(seen.uploaded ^ seen.inputs):
        yield f"{key} (version {version}) was {'changed' if (key, version) in seen.inputs else 'removed'}"


def artifacts_are_whole(seen: Observations) -> Iterator[str]:
    """Each is absent or complete, and no upload is left half done."""
    for key in seen.unfinished_uploads:
        yield f"the upload of {key} was never finished"
    for key, body in seen.artifacts.items():
        if not _is_whole(key, body):
            yield f"{key} is not whole"


def _is_whole(key: str, body: bytes) -> bool:
    text = body.decode()
    if key.endswith(".html"):
        return text.rstrip().endswith("</html>")
    if not key.endswith((".json", ".jsonl")):
        return True
    try:
        for part in text.splitlines() if key.endswith(".jsonl") else [text]:
            json.loads(part)
    except ValueError:
        return False
    return True


CHECKS: tuple[Check, ...] = (
    nothing_is_alive,
    no_job_trains_for_nobody,
    one_job_for_a_run,
    one_purchase_for_a_run,
    the_execution_ended,
    somebody_is_told,
    inputs_are_untouched,
    artifacts_are_whole,
)


def findings(seen: Observations) -> list[str]:
    """Of all checks."""
    return [found for check in CHECKS for found in check(seen)]
