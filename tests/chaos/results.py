"""Plays cases and keeps what came of them: a line of JSON each, as they come, so that a campaign can go on later."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.chaos.cases import Baseline, Case
from tests.chaos.checks import findings
from tests.chaos.later_hours import Clock
from tests.chaos.observations import Observations, look
from tests.chaos.scenario_runner import ScenarioRunner
from tests.chaos.worker import Worker
from tuner.core.artifact_keys import Keys


@dataclass(frozen=True)
class Result:
    """What came of a case with the fault at `place`, and a `second` one if it is a pair, which was `reached` or not.

    `released_by` has the number of one of the five for each purchase (0: nobody's), `stages` how late it was.
    """

    name: str
    situation: str
    place: str
    what: str
    fault: str
    ended: tuple[str, ...]
    released_by: tuple[int, ...]
    stages: tuple[str, ...]
    paid_seconds: float
    findings: tuple[str, ...]
    seconds: float
    off: int = 0
    second: str = ""
    reached: bool = True
    state: str = ""
    first_findings: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> Result:
        """From a line of JSON."""
        document = json.loads(line)
        lists = {key: tuple(value) for key, value in document.items() if isinstance(value, list)}
        return cls(**{**document, **lists})

    def at(self, state: str, earlier: Result | None = None) -> Result:
        """As a result of the code in this state, after an earlier one that a check found fault with."""
        return replace(self, state=state, first_findings=earlier.findings if earlier else ())

    @property
    def leaked(self) -> bool:
        """Whether something stayed alive after the last of the five, at the first or the second try."""
        return any(finding.startswith("LEAK") for finding in (*self.findings, *self.first_findings))

    def line(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self))


def result_of(lane: Worker, case: Case, dataset: str, off: int = 0) -> tuple[Result, Baseline | None]:
    """Plays the case, looks, checks, and tidies up; also what a situation without a further fault met."""
    began, player = time.monotonic(), ScenarioRunner(lane, case, dataset)
    problem: list[str] = []
    try:
        player.play()
        Clock(player).run()
    except Exception as error:  # one case that cannot be played must not end all others
        problem = [f"{type(error).__name__}: {error}"]
    seen = look(player)
    first, second = (*case.faults, None, None)[:2]
    played = {entry["place"] for entry in seen.journal if entry["what"] == "plays"}
    result = Result(
        name=case.name,
        situation=case.situation.name,
        place=first.place if first else "",
        what=first.what if first else "",
        fault=first.name if first else "",
        ended=tuple(execution["status"] for execution in seen.runs.values()),
        released_by=tuple(seen.survived_by()),
        stages=tuple(player.stages),
        paid_seconds=round(sum(bill["seconds"] for bill in seen.bills), 1),
        findings=tuple(problem + findings(seen) + _unexpected(case, seen)),
        seconds=round(time.monotonic() - began, 1),
        off=off,
        second=second.name if second else "",
        reached=second is None or second.place in played,
    )
    tidy(player)
    return result, None if case.faults or off else seen.baseline(case.situation.name)


def _unexpected(case: Case, seen: Observations) -> list[str]:
    """A fault that never came shows nothing. Without one a run ends as its situation says; when stopped, ABORTED."""
    if case.faults:
        played = {entry["place"] for entry in seen.journal if entry["what"] == "plays"}
        if case.faults[0].place not in played:
            return [f"{case.faults[0].place} was never reached: the fault was not injected"]
        if case.faults[0].meanwhile != "stop the execution":
            return []
    expected = "ABORTED" if case.faults else case.situation.status
    statuses = {execution["status"] for execution in seen.runs.values()}
    errors = {f"{run['error']}: {run.get('cause', '')}"[:300] for run in seen.runs.values() if run.get("error")}
    told = f" ({'; '.join(sorted(errors))})" if errors else ""
    return [] if statuses == {expected} else [f"ended {'/'.join(sorted(statuses))}, not {expected}{told}"]


def tidy(player: ScenarioRunner) -> None:
    """Leaves nothing that the next case would meet."""
    lane, pipeline = player.lane, player.lane.pipeline
    lane.plans.write([])
    lane.rules([])
    for run, status in player.runs().items():
        if status == "RUNNING":
            pipeline.client("stepfunctions").stop_execution(executionArn=pipeline.arn(run))
            player.ends = True
            player.settle()
    bedrock, scheduler, s3 = (pipeline.client(name) for name in ("bedrock", "scheduler", "s3"))
    for arn in lane.alive(player.dataset):
        if ":provisioned-model/" in arn:
            bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
        else:
            bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    for job in lane.training(player.dataset):
        bedrock.stop_model_customization_job(jobIdentifier=job)
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    artifacts = pipeline.outputs["ArtifactsBucketName"]
    for run in player.runs():
        for entry in s3.list_objects_v2(Bucket=artifacts, Prefix=Keys.folder(run)).get("Contents", []):
            s3.delete_object(Bucket=artifacts, Key=entry["Key"])


def read(path: Path) -> list[Result]:
    """All results so far."""
    return [Result.read(line) for line in path.read_text().splitlines()] if path.exists() else []
