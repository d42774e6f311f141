"""Plays one case on a lane: the run, what the operator or Bedrock does meanwhile, and the hours after it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.cases import Case
from tests.chaos.plan import Plan
from tests.chaos.scenarios import Meanwhile
from tests.chaos.worker import Worker
from tests.e2e.pipeline import small_dataset
from tuner.core.artifact_keys import Keys

# Neither BERTScore's encoder nor the other metrics call anything: they would only cost time.
_METRICS = "evaluation: {metrics: [correctness]}\n"
_PATIENCE_SECONDS = 300
# Longer than the longest pause before a failed event is delivered again.
_QUIET_SECONDS = 0.5
_POLL_SECONDS = 0.1
# So often is a wait entered before a run counts as one that does not end.
_MANY_WAITS = 20


@dataclass
class ScenarioRunner:
    """One case in progress. `dataset` names its folder and begins its runs' ids."""

    lane: Worker
    case: Case
    dataset: str
    uploaded: frozenset[tuple[str, str]] = frozenset()
    stages: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    held: dict[int, Meanwhile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ends = self.case.situation.ends

    def play(self) -> None:
        """From the drop to the end of the last stage that is needed."""
        self._invocations, self._calls = self.lane.invocations.size(), self.lane.calls.size()
        self._prepare()
        situation = self.case.situation
        self.uploaded = self._drop({**small_dataset(f"{situation.settings}\n{_METRICS}"), **situation.files})
        self.settle()
        self.lane.rules([])

    def _prepare(self) -> None:
        case, situation, lane = self.case, self.case.situation, self.lane
        lane.rules([])
        lane.bedrock("PUT", lane.settings | dict(situation.bedrock))
        plans = []
        if situation.place:
            plans.append(Plan(next(lane.numbers), situation.place, "hold before"))
            self.held[plans[-1].number] = situation.meanwhile
        for fault in case.faults:
            plans.append(Plan(next(lane.numbers), fault.place, fault.act, list(fault.rules), lane.proxy))
            self.held[plans[-1].number] = fault.meanwhile
        lane.plans.write(plans)

    def _drop(self, files: Mapping[str, bytes]) -> frozenset[tuple[str, str]]:
        """The training file, whose arrival starts the run, comes last. Returns keys and versions."""
        s3, bucket = self.lane.pipeline.client("s3"), self.lane.pipeline.outputs["DataBucketName"]
        keys = {
            name: f"incoming/{self.dataset}/{name}"
            for name in sorted(files, key=lambda name: name.startswith("training"))
        }
        put = {key: s3.put_object(Bucket=bucket, Key=key, Body=files[name]) for name, key in keys.items()}
        return frozenset((key, answer["VersionId"]) for key, answer in put.items())

    def settle(self, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Until nothing is going on any more; what waits at a held place is dealt with when all else rests."""
        deadline = time.monotonic() + patience_seconds
        while not self._rests():
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {patience_seconds:g} s it has not settled")
            time.sleep(_POLL_SECONDS)

    def _rests(self) -> bool:
        journal = self.journal()
        if not self.ends and sum(entry["what"] == "waits" for entry in journal) > _MANY_WAITS:
            return True
        if not journal or time.time() - journal[-1]["at"] < _QUIET_SECONDS:
            return False
        returned = {entry["number"] for entry in journal if entry["what"] == "returned"}
        running = [e["place"] for e in journal if e["what"] == "invoked" and e["number"] not in returned]
        holding = {plan.number for plan in self.lane.plans.read()}
        held = [e["number"] for e in journal if e["what"] == "held" and e["number"] in holding]
        if held and {e["place"] for e in journal if e["what"] == "held"}.issuperset(running):
            self._meanwhile(held[0])
            return False
        if running:
            return False
        going_on = [run for run, status in self.runs().items() if status == "RUNNING"]
        self._answer(going_on)
        return not going_on

    def _meanwhile(self, number: int) -> None:
        """Does what is to be done while the run is held; the next time that all rests, the run goes on."""
        lane, what = self.lane, self.held.pop(number, None)
        match what:
            case None | "nothing":
                lane.plans.write([plan for plan in lane.plans.read() if plan.number != number])
            case "stop the execution":
                for run in self.runs():
                    lane.pipeline.client("stepfunctions").stop_execution(
                        executionArn=lane.pipeline.arn(run), error="Injected", cause="Stopped by the operator"
                    )
            case "delete the throughput":
                for arn in lane.alive(self.dataset):
                    lane.pipeline.client("bedrock").delete_provisioned_model_throughput(provisionedModelId=arn)
            case "start another run":
                event = json.dumps({"dataset": self.dataset, "repeat": 1})
                name = lane.pipeline.outputs["StartFunctionName"]
                # As `tuner run --again` does.
                lane.pipeline.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=event)

    def _answer(self, runs: Iterable[str]) -> None:
        """Does what a person does with `tuner approve` or `tuner reject`, once for each time that it is asked."""
        machines = self.lane.pipeline.client("stepfunctions")
        for run in runs:
            asked = self.lane.pipeline.artifact(run, Keys.APPROVAL)
            token = json.loads(asked)["task_token"] if asked else ""
            if token and token not in self.answered:
                self.answered.add(token)
                if self.case.situation.person == "approves":
                    machines.send_task_success(taskToken=token, output="{}")
                else:
                    machines.send_task_failure(taskToken=token, error="ApprovalRejectedError", cause="Too expensive")

    def journal(self) -> list[dict[str, Any]]:
        """What was invoked since the case began."""
        return self.lane.invocations.since(self._invocations)

    def calls(self) -> list[dict[str, Any]]:
        """What the functions called since the case began."""
        return self.lane.calls.since(self._calls)

    def runs(self) -> Mapping[str, str]:
        """The case's executions with their statuses."""
        journal = self.journal()
        told = [(entry.get("result") or {}).get("run_id", "") for entry in journal if entry["what"] == "returned"]
        met = [entry.get("execution", "") for entry in journal]
        names = dict.fromkeys(name for name in [*told, *met] if name.startswith(f"{self.dataset}-"))
        return {name: self.lane.pipeline.describe(name)["status"] for name in names}
