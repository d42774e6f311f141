"""Each check passes a run that ended well, and fails when the one thing that it is there for is wrong."""

import json
from dataclasses import replace

import pytest

from tests.chaos.checks import CHECKS, findings
from tests.chaos.observations import Observations

RUN = "case-1-0123456789ab"
FOLDER = f"runs/{RUN}/"
INPUT = ("incoming/case-1/training.jsonl", "v1")


def notice(status):
    return {"MessageAttributes": {"run_id": {"Value": RUN}, "status": {"Value": status}}}


def report(status="SUCCEEDED", error=None):
    failure = {"error": error, "message": "…"} if error else None
    return {f"{FOLDER}report/report.json": json.dumps({"status": status, "failure": failure}).encode()}


WELL = Observations(
    runs={RUN: {"status": "SUCCEEDED"}},
    alive=(),
    jobs=(f"tuner-{RUN}",),
    training=(),
    bills=({"name": f"tuner-{RUN}", "arn": "arn:x/1", "seconds": 1.0, "deleted_at": "…"},),
    uploaded=frozenset({INPUT}),
    inputs=frozenset({INPUT}),
    artifacts=report()
    | {f"{FOLDER}answers/base/00000.jsonl": b'{"id": 1}\n', f"{FOLDER}report/index.html": b"</html>\n"},
    unfinished_uploads=(),
    notices=(notice("SUCCEEDED"),),
    undelivered=(),
    journal=(),
    calls=(),
)
FAILED = replace(WELL, runs={RUN: {"status": "FAILED", "error": "QuotaError"}}, notices=())

WRONG = {
    "something is alive": (replace(WELL, alive=("arn:x",)), "LEAK: arn:x is alive"),
    "a job trains for nobody": (replace(WELL, training=WELL.jobs), "no execution waits for it"),
    "two jobs": (replace(WELL, jobs=WELL.jobs * 2), "started 2 jobs"),
    "two purchases": (replace(WELL, bills=WELL.bills * 2), "was bought 2 times"),
    "it goes on": (replace(WELL, runs={RUN: {"status": "RUNNING"}}), "still running"),
    "nobody is told": (replace(WELL, artifacts={}, notices=()), "neither a report nor a notice"),
    "the report is of another status": (replace(WELL, artifacts=report("ABORTED")), "the report of"),
    "it was stopped and is said to have succeeded": (
        replace(WELL, runs={RUN: {"status": "ABORTED"}}),
        "says SUCCEEDED",
    ),
    "the report names another error": (replace(FAILED, artifacts=report("FAILED", "AwsError")), "says AwsError"),
    "the notice is of another status": (replace(WELL, notices=(notice("FAILED"),)), "the last notice of"),
    "the event is lost": (replace(WELL, runs={}, jobs=(), bills=()), "no run was started"),
    "an input is gone": (replace(WELL, inputs=frozenset()), "was removed"),
    "an input has another version": (replace(WELL, inputs=frozenset({INPUT, (INPUT[0], "v2")})), "was changed"),
    "an upload is unfinished": (replace(WELL, unfinished_uploads=("x",)), "never finished"),
    "JSON is cut": (replace(WELL, artifacts={**WELL.artifacts, "runs/x/a.json": b'{"a'}), "a.json is not whole"),
    "a line is cut": (replace(WELL, artifacts={**WELL.artifacts, "runs/x/a.jsonl": b'{}\n{"a'}), "is not whole"),
    "a page is cut": (replace(WELL, artifacts={**WELL.artifacts, "runs/x/a.html": b"<html><p"}), "is not whole"),
}


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(WELL, id="succeeded"),
        pytest.param(replace(FAILED, artifacts=report("FAILED", "QuotaError")), id="failed and reported"),
        pytest.param(replace(FAILED, artifacts={}, notices=(notice("FAILED"),)), id="failed and told"),
        pytest.param(
            replace(FAILED, runs={RUN: {"status": "ABORTED"}}, artifacts=report("FAILED", "x")),
            id="failed, then stopped",
        ),
        pytest.param(replace(WELL, runs={}, jobs=(), bills=(), undelivered=({},)), id="never started, and kept"),
    ],
)
def test_a_run_that_ended_as_it_should_has_no_findings(seen):
    assert findings(seen) == []


@pytest.mark.parametrize(("seen", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_found(seen, words):
    assert [found for found in findings(seen) if words in found]


def test_every_check_can_fail():
    failing = {check for seen, _ in WRONG.values() for check in CHECKS if list(check(seen))}
    assert failing == set(CHECKS)
