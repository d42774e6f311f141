"""Each check passes for a run that ended well, and fails for its own violation only."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from tests.chaos.checks import CHECKS, findings
from tests.chaos.observations import Observations

RUN = "case-1-0123456789ab"
FOLDER = f"runs/{RUN}/"
INPUT = ("incoming/case-1/training.jsonl", "v1")
BILL = {
    "name": f"tuner-{RUN}",
    "arn": "arn:x/1",
    "tags": {"bedrock-tuner:run": RUN},
    "commitment": None,
    "created_at": "2026-11-23T07:00:10+00:00",
    "deleted_at": "2026-11-23T07:00:20+00:00",
    "seconds": 1.0,
}
STARTED = dt.datetime.fromisoformat("2026-11-23T07:00:00+00:00").timestamp()


def schedule(operation, seconds, run=RUN):
    """A call about the run's release schedule."""
    return {"at": STARTED + seconds, "operation": operation, "path": f"/schedules/tuner-{run}", "fault": False}


def endpoint_record(released_at):
    return {f"{FOLDER}serving/endpoint.json": json.dumps({"arn": "arn:x/1", "released_at": released_at}).encode()}


def notification(status):
    return {"MessageAttributes": {"run_id": {"Value": RUN}, "status": {"Value": status}}}


def report(status="SUCCEEDED", error=None):
    failure = {"error": error, "message": "…"} if error else None
    return {f"{FOLDER}report/report.json": json.dumps({"status": status, "failure": failure}).encode()}


RECORD = {f"{FOLDER}training/job.json": json.dumps({"job_name": f"tuner-{RUN}"}).encode()}
PASSED = Observations(
    runs={RUN: {"status": "SUCCEEDED"}},
    alive=(),
    jobs=(f"tuner-{RUN}",),
    in_progress=(),
    unchosen=(),
    kept_places=(),
    bills=(BILL,),
    uploaded=frozenset({INPUT}),
    inputs=frozenset({INPUT}),
    artifacts=report()
    | RECORD
    | {f"{FOLDER}answers/base/00000.jsonl": b'{"id": 1}\n', f"{FOLDER}report/index.html": b"</html>\n"},
    unfinished_uploads=(),
    notifications=(notification("SUCCEEDED"),),
    undelivered=(),
    journal=(),
    calls=(schedule("CreateSchedule", 5),),
)
# A run and its repetition, whose id begins with the id of the first one.
AGAIN = f"{RUN}-r1"
TWO_RUNS = replace(
    PASSED,
    runs={name: {"status": "SUCCEEDED"} for name in (RUN, AGAIN)},
    bills=(BILL, {**BILL, "name": f"tuner-{AGAIN}", "arn": "arn:x/2", "tags": {"bedrock-tuner:run": AGAIN}}),
    artifacts={**PASSED.artifacts, f"runs/{AGAIN}/report/report.json": report()[f"{FOLDER}report/report.json"]},
    calls=(*PASSED.calls, schedule("CreateSchedule", 6, AGAIN)),
)
FAILED = replace(PASSED, runs={RUN: {"status": "FAILED", "error": "QuotaError"}}, notifications=())

VIOLATIONS = {
    "an endpoint is alive": (replace(PASSED, alive=("arn:x",)), "LEAK: arn:x is alive"),
    "a job is training without an execution": (replace(PASSED, in_progress=PASSED.jobs), "no execution waits for it"),
    "a batch job is in progress without an execution": (
        replace(PASSED, in_progress=(f"tuner-{RUN}-batch-1",)),
        "no execution waits for it",
    ),
    "a candidate's job has no record": (
        replace(PASSED, jobs=(*PASSED.jobs, f"tuner-{RUN}-candidate-2")),
        "candidate-2 has no record",
    ),
    "a run that has ended keeps its place": (replace(PASSED, kept_places=("r-1",)), "r-1 has ended and is still in"),
    "a model that was not chosen is kept": (replace(PASSED, unchosen=("arn:m",)), "arn:m was not chosen"),
    "two jobs": (replace(PASSED, jobs=PASSED.jobs * 2), "was started 2 times"),
    "two purchases": (replace(PASSED, bills=PASSED.bills * 2), "was bought 2 times"),
    "it is recorded as released too early": (
        replace(PASSED, artifacts=PASSED.artifacts | endpoint_record("2026-11-23T07:00:15Z")),
        "is recorded as released and is alive",
    ),
    "it was bought without a release schedule": (replace(PASSED, calls=()), "without a release schedule"),
    "only the repeated run has a release schedule": (
        replace(TWO_RUNS, calls=TWO_RUNS.calls[1:]),
        "arn:x/1 was bought without",
    ),
    "only the end of the repeated run is in the dead-letter queue": (
        replace(TWO_RUNS, artifacts={}, notifications=(), undelivered=({"run_id": AGAIN},)),
        f"{RUN} has neither",
    ),
    "its release schedule was deleted early": (
        replace(PASSED, calls=(*PASSED.calls, schedule("DeleteSchedule", 15))),
        "the release schedule of",
    ),
    "it is still running": (replace(PASSED, runs={RUN: {"status": "RUNNING"}}), "still running"),
    "the end is not reported": (replace(PASSED, artifacts={}, notifications=()), "neither a report nor a notification"),
    "the report has another status": (replace(PASSED, artifacts=report("ABORTED")), "the report of"),
    "it was stopped and reported as succeeded": (
        replace(PASSED, runs={RUN: {"status": "ABORTED"}}),
        "says SUCCEEDED",
    ),
    "the report names another error": (replace(FAILED, artifacts=report("FAILED", "AwsError")), "says AwsError"),
    "the notification has another status": (
        replace(PASSED, notifications=(notification("FAILED"),)),
        "the last notification of",
    ),
    "the event is lost": (replace(PASSED, runs={}, jobs=(), bills=()), "no run was started"),
    "an input is gone": (replace(PASSED, inputs=frozenset()), "was removed"),
    "an input has another version": (replace(PASSED, inputs=frozenset({INPUT, (INPUT[0], "v2")})), "was changed"),
    "an upload is unfinished": (replace(PASSED, unfinished_uploads=("x",)), "never finished"),
    "JSON is cut": (replace(PASSED, artifacts={**PASSED.artifacts, "runs/x/a.json": b'{"a'}), "a.json is not complete"),
    "a line is cut": (replace(PASSED, artifacts={**PASSED.artifacts, "runs/x/a.jsonl": b'{}\n{"a'}), "is not complete"),
    "a page is cut": (replace(PASSED, artifacts={**PASSED.artifacts, "runs/x/a.html": b"<html><p"}), "is not complete"),
}


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(PASSED, id="succeeded"),
        pytest.param(TWO_RUNS, id="two runs succeeded"),
        pytest.param(replace(FAILED, artifacts=RECORD | report("FAILED", "QuotaError")), id="failed and reported"),
        pytest.param(
            replace(FAILED, artifacts=RECORD, notifications=(notification("FAILED"),)), id="failed and notified"
        ),
        pytest.param(
            replace(FAILED, runs={RUN: {"status": "ABORTED"}}, artifacts=RECORD | report("FAILED", "x")),
            id="failed, then stopped",
        ),
        pytest.param(
            replace(PASSED, runs={}, jobs=(), bills=(), undelivered=({},)),
            id="never started, event dead-lettered",
        ),
    ],
)
def test_a_run_that_ended_well_has_no_findings(seen):
    assert findings(seen) == []


@pytest.mark.parametrize(("seen", "words"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_each_violation_is_found(seen, words):
    assert [found for found in findings(seen) if words in found]


def test_every_check_can_fail():
    failing = {check for seen, _ in VIOLATIONS.values() for check in CHECKS if list(check(seen))}
    assert failing == set(CHECKS)


def test_a_release_of_a_function_that_was_invoked_twice_at_once_is_its_release():
    """Each of the two has a trace, and either may have deleted the endpoint."""
    place = "Release the throughput"
    journal = (
        {"kind": "invoked", "number": 1, "place": place, "function": "release_throughput"},
        {"kind": "returned", "number": 1, "traces": ["Root=1-a", "Root=1-b"]},
    )
    for trace in ("Root=1-a", "Root=1-b"):
        call = {"at": STARTED + 19, "trace": trace, "operation": "DeleteProvisionedModelThroughput", "path": "/x/1"}
        assert replace(PASSED, journal=journal, calls=(call,)).releases() == [1]
