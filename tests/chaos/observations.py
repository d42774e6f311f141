"""What is there after a case has settled, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from statemachine.definition import definition
from tests.chaos.cases import Baseline, release_states
from tests.chaos.faults import Call
from tests.chaos.scenario_runner import ScenarioRunner
from tests.e2e.pipeline import Pipeline
from tuner.core.artifact_keys import Keys

IN_COURSE, AFTER_A_FAILURE = release_states(definition())
RELEASES = {
    1: "the state after the answers",
    2: "the Catch of a state",
    3: "the rule on ended executions",
    4: "the release switch",
    5: "the hourly sweep",
}
_EVENTS = {"by the rule": 3, "by the switch": 4, "by the sweep": 5}


@dataclass(frozen=True)
class Observations:
    """`runs` are executions by the run's id, `artifacts` the runs' files by key, `bills` what was paid for."""

    runs: Mapping[str, Mapping[str, Any]]
    alive: tuple[str, ...]
    jobs: tuple[str, ...]
    training: tuple[str, ...]
    bills: tuple[Mapping[str, Any], ...]
    uploaded: frozenset[tuple[str, str]]
    inputs: frozenset[tuple[str, str]]
    artifacts: Mapping[str, bytes]
    unfinished_uploads: tuple[str, ...]
    notices: tuple[Mapping[str, Any], ...]
    undelivered: tuple[Mapping[str, Any], ...]
    journal: tuple[Mapping[str, Any], ...]
    calls: tuple[Mapping[str, Any], ...]

    def baseline(self, situation: str) -> Baseline:
        """The calls, functions and states that were met."""
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
        functions = dict.fromkeys(entry["place"] for entry in self.journal if entry["what"] == "invoked")
        states = dict.fromkeys(
            e["place"] for e in self.journal if e["what"] == "waits" or (e["what"] == "invoked" and e["execution"])
        )
        return Baseline(situation, tuple(calls), tuple(functions), tuple(states))

    def _invocations(self) -> dict[str, Mapping[str, Any]]:
        """What was invoked, by the trace id that its calls carry."""
        invoked = {entry["number"]: entry for entry in self.journal if entry["what"] == "invoked"}
        ended = [e for e in self.journal if e["what"] == "returned" and e["number"] in invoked]
        return {entry["trace"]: invoked[entry["number"]] for entry in ended if entry["trace"]}

    def survived_by(self) -> list[int]:
        """Which of the five released what was bought, for each purchase; 0 where somebody else did."""
        return [self._released_by(bill) for bill in self.bills if bill["deleted_at"]]

    def _released_by(self, bill: Mapping[str, Any]) -> int:
        """By the last delete that was called before it was gone: earlier ones were cut off."""
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


def release_at(place: str) -> int:
    """Which of the five a place belongs to; 0: none."""
    if place in IN_COURSE:
        return 1
    if place in AFTER_A_FAILURE:
        return 2
    return next((number for words, number in _EVENTS.items() if place.endswith(words)), 0)


def look(player: ScenarioRunner) -> Observations:
    """Looks at everything, past the proxy."""
    lane, pipeline = player.lane, player.lane.pipeline
    runs = {run: pipeline.describe(run) for run in player.runs()}
    artifacts = pipeline.outputs["ArtifactsBucketName"]
    uploads = pipeline.client("s3").list_multipart_uploads(Bucket=artifacts).get("Uploads", [])
    return Observations(
        runs=runs,
        alive=tuple(lane.alive(player.dataset)),
        jobs=tuple(name for name in pipeline.jobs() if player.dataset in name),
        training=tuple(lane.training(player.dataset)),
        bills=tuple(bill for bill in lane.bedrock("GET", place="billing") if player.dataset in bill["name"]),
        uploaded=player.uploaded,
        inputs=versions(pipeline, player.dataset),
        artifacts=_artifacts(pipeline, artifacts, runs),
        unfinished_uploads=tuple(upload["Key"] for upload in uploads),
        notices=tuple(lane.messages(lane.notices)),
        undelivered=tuple(lane.undelivered()),
        journal=tuple(player.journal()),
        calls=tuple(player.calls()),
    )


def versions(pipeline: Pipeline, dataset: str) -> frozenset[tuple[str, str]]:
    """Every version of every input, deleted ones too."""
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
