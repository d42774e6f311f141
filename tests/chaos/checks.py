"""The checks that must hold after every case. Each check yields a finding per violation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from tests.chaos.observations import Observations, names_run
from tests.protocol.invariants import ALWAYS
from tests.protocol.invariants import findings as protocol_findings
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import without_suffix

# A run that has failed may be stopped while it reports the failure. FAILED is a true status for it, too.
_ACCEPTED_STATUSES = {"ABORTED": {"ABORTED", "FAILED"}}
Check = Callable[[Observations], Iterator[str]]


def nothing_is_alive(seen: Observations) -> Iterator[str]:
    """No throughput and no deployment exists."""
    for arn in seen.alive:
        yield f"LEAK: {arn} is alive and paid for"


def no_job_without_an_execution(seen: Observations) -> Iterator[str]:
    """Every customization job and every batch job in progress belongs to a running execution."""
    for job in seen.in_progress:
        of = without_suffix(job)
        if not any(of.endswith(run) and execution["status"] == "RUNNING" for run, execution in seen.runs.items()):
            yield f"LEAK: the job {job} is in progress and no execution waits for it"


def every_job_has_a_record(seen: Observations) -> Iterator[str]:
    """The folder of a run has a record of every job: each candidate and each batch job has an owner."""
    records = [json.loads(body) for key, body in seen.artifacts.items() if key.endswith("/job.json")]
    for job in sorted({*seen.jobs} - {record["job_name"] for record in records}):
        yield f"the job {job} has no record in the folder of a run"


def no_unchosen_model_is_kept(seen: Observations) -> Iterator[str]:
    """After a run that succeeded, the models of candidates that were not chosen are deleted."""
    for arn in seen.unchosen:
        yield f"LEAK: the model {arn} was not chosen and still exists"


def no_ended_run_keeps_a_place(seen: Observations) -> Iterator[str]:
    """A run that has ended has no place, so that other runs get it."""
    for run in seen.kept_places:
        yield f"{run} has ended and is still in a queue for places"


def one_job_of_a_name(seen: Observations) -> Iterator[str]:
    """No run has started a job twice: its customization, that of a candidate, or the batch job of a contestant."""
    for name, count in Counter(seen.jobs).items():
        if count > 1 and any(without_suffix(name).endswith(run) for run in seen.runs):
            yield f"{name} was started {count} times"


def the_protocol_holds(seen: Observations) -> Iterator[str]:
    """The invariants that the model of the release protocol has in every state."""
    yield from protocol_findings(seen.facts(), ALWAYS)


def the_execution_ended(seen: Observations) -> Iterator[str]:
    """No execution is running."""
    for run, execution in seen.runs.items():
        if execution["status"] == "RUNNING":
            yield f"{run} is still running"


def the_end_is_reported(seen: Observations) -> Iterator[str]:
    """The report or the notification exists and states how the run ended.

    If no run was started, or its end could not be reported, the event must be in the dead-letter queue, which raises an
    alarm.
    """
    if not seen.runs and not seen.undelivered:
        yield "no run was started, and the event that should have started it is not in the dead-letter queue"
    for run, execution in seen.runs.items():
        accepted = _ACCEPTED_STATUSES.get(execution["status"], {execution["status"]})
        report = seen.artifacts.get(Keys.folder(run) + Keys.REPORT)
        notifications = [entry for entry in seen.notifications if _attribute(entry, "run_id") == run]
        if report is None and not notifications and not names_run(json.dumps(seen.undelivered, default=str), run):
            yield f"{run} has neither a report nor a notification"
        if report is not None:
            yield from _wrong_in_report(run, execution, json.loads(report), accepted)
        if notifications and (status := _attribute(notifications[-1], "status")) not in accepted:
            yield f"the last notification of {run} says {status}, its execution is {execution['status']}"


def _wrong_in_report(
    run: str, execution: Mapping[str, Any], report: Mapping[str, Any], accepted: Collection[str]
) -> Iterator[str]:
    if report["status"] not in accepted:
        yield f"the report of {run} says {report['status']}, its execution is {execution['status']}"
    reported = (report["failure"] or {}).get("error")
    if execution["status"] == "FAILED" and reported != execution["error"]:
        yield f"the report of {run} says {reported}, its execution {execution['error']}"


def _attribute(notification: Mapping[str, Any], name: str) -> str:
    return str(notification.get("MessageAttributes", {}).get(name, {}).get("Value", ""))


def inputs_are_unchanged(seen: Observations) -> Iterator[str]:
    """The inputs have the versions that were uploaded, and no others."""
    for key, version in sorted(seen.uploaded ^ seen.inputs):
        yield f"{key} (version {version}) was {'changed' if (key, version) in seen.inputs else 'removed'}"


def artifacts_are_complete(seen: Observations) -> Iterator[str]:
    """Every artifact is complete, and no multipart upload is unfinished."""
    for key in seen.unfinished_uploads:
        yield f"the upload of {key} was never finished"
    for key, body in seen.artifacts.items():
        if not _is_complete(key, body):
            yield f"{key} is not complete"


def _is_complete(key: str, body: bytes) -> bool:
    text = body.decode()
    if key.endswith(".html"):
        return text.rstrip().endswith("</html>")
    if not key.endswith((".json", ".jsonl")):
        return True
    try:
        for document in text.splitlines() if key.endswith(".jsonl") else [text]:
            json.loads(document)
    except ValueError:
        return False
    return True


CHECKS: tuple[Check, ...] = (
    nothing_is_alive,
    no_job_without_an_execution,
    every_job_has_a_record,
    no_unchosen_model_is_kept,
    no_ended_run_keeps_a_place,
    one_job_of_a_name,
    the_protocol_holds,
    the_execution_ended,
    the_end_is_reported,
    inputs_are_unchanged,
    artifacts_are_complete,
)


def findings(seen: Observations) -> list[str]:
    """The findings of all checks."""
    return [finding for check in CHECKS for finding in check(seen)]
