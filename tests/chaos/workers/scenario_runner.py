"""Runs one case on a worker: the upload, the injected faults, and what the operator or Bedrock does meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.cases import Case
from tests.chaos.injection.plan import Plan
from tests.chaos.scenarios import Intervention
from tests.chaos.workers.worker import Worker
from tests.e2e.pipeline import small_dataset
from tuner.core.artifact_keys import Keys

# Metrics are computed without AWS calls, so further ones, such as BERTScore, would only take time.
_METRICS = "evaluation: {metrics: [correctness]}\n"
_SETTLE_SECONDS = 300
# Longer than the longest pause before a failed event is delivered again.
_QUIET_SECONDS = 0.5
_POLL_SECONDS = 0.1
# A run that enters a Wait state more often than this counts as one that does not end.
_MAX_WAITS = 20


@dataclass
class ScenarioRunner:
    """A case in progress. `dataset` is the name of its folder, and the prefix of its run ids."""

    worker: Worker
    case: Case
    dataset: str
    uploaded: frozenset[tuple[str, str]] = frozenset()
    # The later events that were needed after the run (later_hours.py).
    later_events: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    # The intervention of each plan that holds the run, by the plan's number.
    interventions: dict[int, Intervention] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ends = self.case.scenario.ends

    def run(self) -> None:
        """Upload the dataset, and wait until the run has ended or waits for a later event."""
        self._first_invocation, self._first_call = self.worker.invocations.size(), self.worker.calls.size()
        self._prepare()
        scenario = self.case.scenario
        self.uploaded = self._upload({**small_dataset(f"{scenario.settings}\n{_METRICS}"), **scenario.files})
        self.settle()
        self.worker.set_rules([])

    def _prepare(self) -> None:
        case, scenario, worker = self.case, self.case.scenario, self.worker
        worker.set_rules([])
        worker.bedrock("PUT", worker.settings | dict(scenario.bedrock))
        plans = []
        if scenario.place:
            plans.append(Plan(next(worker.numbers), scenario.place, scenario.held))
            self.interventions[plans[-1].number] = scenario.intervention
        for fault in case.faults:
            plans.append(Plan(next(worker.numbers), fault.place, fault.action, fault.rules, worker.proxy))
            self.interventions[plans[-1].number] = fault.intervention
        worker.plans.write(plans)

    def _upload(self, files: Mapping[str, bytes]) -> frozenset[tuple[str, str]]:
        """Upload the files, the training file last because it starts the run. Returns keys and version ids."""
        s3, bucket = self.worker.pipeline.client("s3"), self.worker.pipeline.outputs["DataBucketName"]
        keys = {
            name: f"incoming/{self.dataset}/{name}"
            for name in sorted(files, key=lambda name: name.startswith("training"))
        }
        put = {key: s3.put_object(Bucket=bucket, Key=key, Body=files[name]) for name, key in keys.items()}
        return frozenset((key, answer["VersionId"]) for key, answer in put.items())

    def settle(self, timeout_seconds: float = _SETTLE_SECONDS) -> None:
        """Wait until nothing happens any more. Interventions happen when everything else is at rest."""
        deadline = time.monotonic() + timeout_seconds
        while not self._is_settled():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the case did not settle within {timeout_seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def _is_settled(self) -> bool:
        journal = self.journal()
        if not self.ends and sum(entry["kind"] == "waits" for entry in journal) > _MAX_WAITS:
            return True
        if not journal or time.time() - journal[-1]["at"] < _QUIET_SECONDS:
            return False
        returned = {entry["number"] for entry in journal if entry["kind"] == "returned"}
        running = [e["place"] for e in journal if e["kind"] == "invoked" and e["number"] not in returned]
        holding = {plan.number for plan in self.worker.plans.read()}
        held = [e["number"] for e in journal if e["kind"] == "held" and e["number"] in holding]
        if held and {e["place"] for e in journal if e["kind"] == "held"}.issuperset(running):
            self._intervene(held[0])
            return False
        if running:
            return False
        unfinished = [run for run, status in self.runs().items() if status == "RUNNING"]
        self._answer_approvals(unfinished)
        return not unfinished

    def _intervene(self, number: int) -> None:
        """Do the intervention of the plan that holds the run. With none left, remove the plan, so the run goes on."""
        worker, intervention = self.worker, self.interventions.pop(number, None)
        match intervention:
            case None | "nothing":
                worker.plans.write([plan for plan in worker.plans.read() if plan.number != number])
            case "stop the execution":
                for run in self.runs():
                    worker.pipeline.client("stepfunctions").stop_execution(
                        executionArn=worker.pipeline.arn(run), error="Injected", cause="Stopped by the operator"
                    )
            case "delete the throughput":
                for arn in worker.alive(self.dataset):
                    worker.pipeline.client("bedrock").delete_provisioned_model_throughput(provisionedModelId=arn)
            case "start another run":
                # The event that `tuner run --again` sends.
                event = json.dumps({"dataset": self.dataset, "repeat": 1})
                name = worker.pipeline.outputs["StartFunctionName"]
                worker.pipeline.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=event)
            case "run the sweep":
                worker.sweep()

    def _answer_approvals(self, runs: Iterable[str]) -> None:
        """Answer each request for an approval once, as `tuner approve` and `tuner reject` do."""
        machines = self.worker.pipeline.client("stepfunctions")
        for run in runs:
            request = self.worker.pipeline.artifact(run, Keys.APPROVAL)
            token = json.loads(request)["task_token"] if request else ""
            if token and token not in self.answered:
                self.answered.add(token)
                if self.case.scenario.approver == "approves":
                    machines.send_task_success(taskToken=token, output="{}")
                else:
                    machines.send_task_failure(taskToken=token, error="ApprovalRejectedError", cause="Too expensive")

    def unchosen_models(self) -> list[str]:
        """ARNs of the models that exist although a run that succeeded did not choose them."""
        if "candidates" not in self.case.scenario.settings:
            return []
        existing = self.worker.models(self.dataset)
        summaries = [
            self.worker.pipeline.artifact(run, Keys.TRAINING_SUMMARY)
            for run, status in self.runs().items()
            if status == "SUCCEEDED"
        ]
        unchosen = {
            each["custom_model_arn"]
            for summary in summaries
            for each in json.loads(summary or b"{}").get("candidates", ())
            if not each["chosen"]
        }
        return [arn for arn in existing if arn in unchosen]

    def kept_places(self) -> list[str]:
        """Ids of the runs that have ended and still have a place, or wait for one."""
        in_queues = self.worker.in_queues()
        return [run for run, status in self.runs().items() if status != "RUNNING" and run in in_queues]

    def journal(self) -> list[dict[str, Any]]:
        """The journal of invocations since the case began."""
        return self.worker.invocations.since(self._first_invocation)

    def calls(self) -> list[dict[str, Any]]:
        """The journal of the functions' calls since the case began."""
        return self.worker.calls.since(self._first_call)

    def runs(self) -> Mapping[str, str]:
        """The statuses of the case's executions by run id."""
        journal = self.journal()
        started = [(entry.get("result") or {}).get("run_id", "") for entry in journal if entry["kind"] == "returned"]
        entered = [entry.get("execution", "") for entry in journal]
        names = dict.fromkeys(name for name in [*started, *entered] if name.startswith(f"{self.dataset}-"))
        return {name: self.worker.pipeline.describe(name)["status"] for name in names}
