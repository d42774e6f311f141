"""Collects what exists after a case has settled, and determines which release deleted each endpoint."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from statemachine.definition import definition
from tests.chaos.cases import Baseline, release_states
from tests.chaos.injection.faults import Call
from tests.chaos.workers.scenario_runner import ScenarioRunner
from tests.e2e.pipeline import Pipeline
from tests.protocol.invariants import Endpoint, Facts
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags

IN_COURSE, AFTER_A_FAILURE = release_states(definition())
RELEASES = {
    1: "the state after the answers",
    2: "the Catch of a state",
    3: "the rule on ended executions",
    4: "the release schedule",
    5: "the hourly sweep",
}
# The end of a place names the event that invoked the function (`place_of` in server_patch.py).
_RELEASE_BY_EVENT = {"by the rule": 3, "by the switch": 4, "by the sweep": 5}


@dataclass(frozen=True)
class Observations:
    """The state of the cloud after a case. Documents of AWS and of the journals are kept as they are.

    `runs` are executions by run id, `artifacts` the files of the runs by key, `bills` the billed endpoints. `jobs` are
    the names of all customization and batch jobs, `in_progress` of those that have not ended. `unchosen` are models
    that exist although a run that succeeded did not choose them, and `kept_places` runs that have ended and are still
    in a queue for places.
    """

    runs: Mapping[str, Mapping[str, Any]]
    alive: tuple[str, ...]
    jobs: tuple[str, ...]
    in_progress: tuple[str, ...]
    unchosen: tuple[str, ...]
    kept_places: tuple[str, ...]
    bills: tuple[Mapping[str, Any], ...]
    uploaded: frozenset[tuple[str, str]]
    inputs: frozenset[tuple[str, str]]
    artifacts: Mapping[str, bytes]
    unfinished_uploads: tuple[str, ...]
    notifications: tuple[Mapping[str, Any], ...]
    undelivered: tuple[Mapping[str, Any], ...]
    journal: tuple[Mapping[str, Any], ...]
    calls: tuple[Mapping[str, Any], ...]

    def baseline(self, scenario: str) -> Baseline:
        """The calls, functions and states of the run."""
        by_trace = self._invocations()
        calls = dict.fromkeys(
            Call(
                by_trace[call["trace"]]["place"],
                by_trace[call["trace"]]["function"],
                call["service"],
                call["operation"],
            )
            for call in self.calls
            if call["trace"] in by_trace
        )
        functions = dict.fromkeys(entry["place"] for entry in self.journal if entry["kind"] == "invoked")
        states = dict.fromkeys(
            e["place"] for e in self.journal if e["kind"] == "waits" or (e["kind"] == "invoked" and e["execution"])
        )
        return Baseline(scenario, tuple(calls), tuple(functions), tuple(states))

    def reached(self, place: str) -> bool:
        """Whether a fault was injected at this place."""
        return any(entry["kind"] == "injected" and entry["place"] == place for entry in self.journal)

    def facts(self) -> Facts:
        """What the invariants of the release protocol are about. A bill is opened when an endpoint is created."""
        endpoints = tuple(
            Endpoint(
                run_id=bill["tags"][Tags.RUN],
                arn=bill["arn"],
                name=bill["name"],
                bought_at=_timestamp(bill["created_at"]),
                gone_at=_timestamp(bill["deleted_at"]) if bill["deleted_at"] else None,
                committed=bill["commitment"] is not None,
            )
            for bill in self.bills
        )
        records = [json.loads(data) for key, data in self.artifacts.items() if key.endswith(Keys.ENDPOINT)]
        return Facts(
            now=max((call["at"] for call in self.calls), default=0.0),
            endpoints=endpoints,
            released={record["arn"]: _timestamp(record["released_at"]) for record in records if record["released_at"]},
            armed=tuple(self._armed()),
            statuses={run: execution["status"] for run, execution in self.runs.items()},
        )

    def _armed(self) -> Iterator[tuple[str, str, float]]:
        """The calls that created or deleted the release schedule of a run. One with a fault may not have acted."""
        for call in self.calls:
            what = {"CreateSchedule": "created", "DeleteSchedule": "deleted"}.get(call["operation"] or "")
            run = next((run for run in self.runs if what and names_run(call["path"], run)), None)
            if what and run and (what == "deleted" or not call["fault"]):
                yield run, what, call["at"]

    def _invocations(self) -> dict[str, Mapping[str, Any]]:
        """Invocations by the X-Ray trace ids that their calls carry: two if the function was invoked twice at once."""
        invoked = {entry["number"]: entry for entry in self.journal if entry["kind"] == "invoked"}
        ended = [e for e in self.journal if e["kind"] == "returned" and e["number"] in invoked]
        return {trace: invoked[entry["number"]] for entry in ended for trace in entry["traces"]}

    def releases(self) -> list[int]:
        """The number of the release that deleted each endpoint. 0 if Bedrock or the operator deleted it."""
        return [self._release_of(bill) for bill in self.bills if bill["deleted_at"]]

    def _release_of(self, bill: Mapping[str, Any]) -> int:
        """The release that made the last delete call before the endpoint was gone. Earlier calls were cut off."""
        by_trace, gone_at = self._invocations(), dt.datetime.fromisoformat(bill["deleted_at"]).timestamp()
        deletes = [
            by_trace[call["trace"]]["place"]
            for call in self.calls
            if call["trace"] in by_trace
            and call["at"] <= gone_at
            and (call["operation"] or "").startswith("Delete")
            and bill["arn"].rsplit("/", 1)[-1] in call["path"]
        ]
        return release_at(deletes[-1]) if deletes else 0


def names_run(text: str, run: str) -> bool:
    """Whether the text has the id of this run. The id of a repeated run begins with the id of the first one."""
    return re.search(rf"{re.escape(run)}(?![\w-])", text) is not None


def _timestamp(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def release_at(place: str) -> int:
    """The number of the release at a place, or 0."""
    if place in IN_COURSE:
        return 1
    if place in AFTER_A_FAILURE:
        return 2
    return next((number for end, number in _RELEASE_BY_EVENT.items() if place.endswith(end)), 0)


def observe(runner: ScenarioRunner) -> Observations:
    """Collect the observations as the administrator, without the proxy."""
    worker, pipeline = runner.worker, runner.worker.pipeline
    runs = {run: pipeline.describe(run) for run in runner.runs()}
    artifacts = pipeline.outputs["ArtifactsBucketName"]
    uploads = pipeline.client("s3").list_multipart_uploads(Bucket=artifacts).get("Uploads", [])
    return Observations(
        runs=runs,
        alive=tuple(worker.alive(runner.dataset)),
        jobs=(
            *worker.customizations(runner.dataset),
            *(job["jobName"] for job in worker.batch_jobs(runner.dataset)),
        ),
        in_progress=(*worker.training(runner.dataset), *worker.batches(runner.dataset).values()),
        unchosen=tuple(runner.unchosen_models()),
        kept_places=tuple(runner.kept_places()),
        bills=tuple(bill for bill in worker.bedrock("GET", path="billing") if runner.dataset in bill["name"]),
        uploaded=runner.uploaded,
        inputs=versions(pipeline, runner.dataset),
        artifacts=_artifacts(pipeline, artifacts, runs),
        unfinished_uploads=tuple(upload["Key"] for upload in uploads),
        notifications=tuple(worker.messages(worker.notification_queue)),
        undelivered=tuple(worker.undelivered()),
        journal=tuple(runner.journal()),
        calls=tuple(runner.calls()),
    )


def versions(pipeline: Pipeline, dataset: str) -> frozenset[tuple[str, str]]:
    """Keys and version ids of all versions of the inputs, delete markers included."""
    found = pipeline.client("s3").list_object_versions(
        Bucket=pipeline.outputs["DataBucketName"], Prefix=f"incoming/{dataset}/"
    )
    entries = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    return frozenset((entry["Key"], entry["VersionId"]) for entry in entries)


def _artifacts(pipeline: Pipeline, bucket: str, runs: Mapping[str, Any]) -> dict[str, bytes]:
    s3 = pipeline.client("s3")
    keys = [
        entry["Key"]
        for run in runs
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=Keys.folder(run))
        for entry in page.get("Contents", [])
    ]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
