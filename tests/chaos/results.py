"""Runs a case and keeps its result as a line of JSON, so that an interrupted campaign can continue."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tests.chaos.cases import Baseline, Case
from tests.chaos.checks import findings
from tests.chaos.observations import Observations, observe
from tests.chaos.workers.later_hours import LaterHours
from tests.chaos.workers.scenario_runner import ScenarioRunner
from tests.chaos.workers.worker import Worker
from tuner.core.artifact_keys import Keys


class Result(BaseModel):
    """The result of a case. The aliases are the member names in build/chaos/results.jsonl.

    `place`, `target` and `fault` describe the first fault; `second_fault` is set for a pair. `released_by` has the
    number of a release for each endpoint (0: none of the five). `later_events` tell how late the release came.
    `first_findings` are those of the first attempt, if the case was run again.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    name: str
    scenario: str = Field(alias="situation")
    place: str
    target: str = Field(alias="what")
    fault: str
    statuses: tuple[str, ...] = Field(alias="ended")
    released_by: tuple[int, ...]
    later_events: tuple[str, ...] = Field(alias="stages")
    paid_seconds: float
    findings: tuple[str, ...]
    seconds: float
    disabled_release: int = Field(0, alias="off")
    second_fault: str = Field("", alias="second")
    second_reached: bool = Field(True, alias="reached")
    code_state: str = Field("", alias="state")
    first_findings: tuple[str, ...] = ()

    def of_state(self, code_state: str, earlier: Result | None = None) -> Result:
        """The result with the state of the code, and with the findings of the attempt before it."""
        return self.model_copy(update={"code_state": code_state, "first_findings": earlier.findings if earlier else ()})

    @property
    def leaked(self) -> bool:
        """Whether something stayed alive after all five releases, in the first or the second attempt."""
        return any(finding.startswith("LEAK") for finding in (*self.findings, *self.first_findings))


def result_of(worker: Worker, case: Case, dataset: str, disabled_release: int = 0) -> tuple[Result, Baseline | None]:
    """Run the case, check it, and clean up. Also returns the baseline if this is a scenario's run without a fault."""
    began, runner = time.monotonic(), ScenarioRunner(worker, case, dataset)
    problem: list[str] = []
    try:
        runner.run()
        LaterHours(runner).run()
    except Exception as error:  # A case that cannot be run must not end the campaign.
        problem = [f"{type(error).__name__}: {error}"]
    seen = observe(runner)
    first, second = (*case.faults, None, None)[:2]
    result = Result(
        name=case.name,
        scenario=case.scenario.name,
        place=first.place if first else "",
        target=first.target if first else "",
        fault=first.name if first else "",
        statuses=tuple(execution["status"] for execution in seen.runs.values()),
        released_by=tuple(seen.releases()),
        later_events=tuple(runner.later_events),
        paid_seconds=round(sum(bill["seconds"] for bill in seen.bills), 1),
        findings=tuple(problem + findings(seen) + _unexpected(case, seen)),
        seconds=round(time.monotonic() - began, 1),
        disabled_release=disabled_release,
        second_fault=second.name if second else "",
        second_reached=second is None or seen.reached(second.place),
    )
    clean_up(runner)
    return result, None if case.faults or disabled_release else seen.baseline(case.scenario.name)


def _unexpected(case: Case, seen: Observations) -> list[str]:
    """A finding if the fault was not injected, or the run ended with another status than expected.

    A run without a fault ends as its scenario says, a stopped one is ABORTED. Other faults may lead to any status.
    """
    if case.faults:
        if not seen.reached(case.faults[0].place):
            return [f"{case.faults[0].place} was never reached: the fault was not injected"]
        if case.faults[0].intervention != "stop the execution":
            return []
    expected = "ABORTED" if case.faults else case.scenario.status
    statuses = {execution["status"] for execution in seen.runs.values()}
    errors = {f"{run['error']}: {run.get('cause', '')}"[:300] for run in seen.runs.values() if run.get("error")}
    details = f" ({'; '.join(sorted(errors))})" if errors else ""
    return [] if statuses == {expected} else [f"ended {'/'.join(sorted(statuses))}, not {expected}{details}"]


def clean_up(runner: ScenarioRunner) -> None:
    """Remove everything that could affect the next case."""
    worker, pipeline = runner.worker, runner.worker.pipeline
    worker.plans.write([])
    worker.set_rules([])
    for run, status in runner.runs().items():
        if status == "RUNNING":
            pipeline.client("stepfunctions").stop_execution(executionArn=pipeline.arn(run))
            runner.ends = True
            runner.settle()
    bedrock, scheduler, s3 = (pipeline.client(name) for name in ("bedrock", "scheduler", "s3"))
    for arn in worker.alive(runner.dataset):
        if ":provisioned-model/" in arn:
            bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
        else:
            bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    for job in worker.training(runner.dataset):
        bedrock.stop_model_customization_job(jobIdentifier=job)
    for job in worker.batches(runner.dataset):
        bedrock.stop_model_invocation_job(jobIdentifier=job)
    for arn in worker.models(runner.dataset):
        # A throughput with a commitment keeps its model.
        with suppress(bedrock.exceptions.ConflictException):
            bedrock.delete_custom_model(modelIdentifier=arn)
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    artifacts = pipeline.outputs["ArtifactsBucketName"]
    for run in runner.runs():
        found = s3.list_objects_v2(Bucket=artifacts, Prefix=Keys.folder(run)).get("Contents", [])
        if found:
            s3.delete_objects(Bucket=artifacts, Delete={"Objects": [{"Key": entry["Key"]} for entry in found]})


def read(path: Path) -> list[Result]:
    """All kept results, oldest first."""
    if not path.exists():
        return []
    return [Result.model_validate_json(line) for line in path.read_text().splitlines()]
