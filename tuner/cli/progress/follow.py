"""Looks at a run again and again, patiently, until it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.cli.deployment import Deployment, local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.progress import executions, paid_window, training
from tuner.cli.progress.cost_so_far import so_far
from tuner.cli.progress.executions import Run
from tuner.cli.progress.steps import Checklist, Plan, Step
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError

# The state after which estimate.json is there, and the one that waits for a person (customization.asl.json).
_ESTIMATED = "Estimate the cost"
_ASKING = "Ask for approval"
_SLOWEST = 60.0
# An outage of AWS outlasts this seldom; a local cloud that does not answer is gone.
_PATIENCE = {"aws": 1800.0, "local": 30.0}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `question` is what it waits for a person to answer.

    `trouble` is why the last look at it failed; what is shown is then older.
    """

    run: Run
    steps: tuple[Step, ...]
    failed: Step | None
    training: training.Training | None = None
    window: paid_window.PaidWindow | None = None
    estimate: str = ""
    spent: str = ""
    question: str = ""
    trouble: str = ""


class Follower:
    """Reads what there is to know about a run; remembers what cannot change."""

    def __init__(self, deployment: Deployment, run_id: str) -> None:
        self.deployment = deployment
        self.run_id = run_id
        self._arn = deployment.execution_arn(run_id)
        with translated(f"read the steps of '{run_id}'"):
            machine = client("stepfunctions").describe_state_machine_for_execution(executionArn=self._arn)
        self.plan = Plan(machine["definition"])
        self._checklist = Checklist(self.plan)
        self._seen = 0
        self._training: training.Training | None = None
        self._window: paid_window.PaidWindow | None = None
        self._estimate: dict[str, Any] | None = None
        self._question = ""

    def look(self) -> Snapshot:
        """The run now. The status is asked for first, so that the history of a run that is over is whole."""
        run = executions.find(self.deployment, self.run_id)
        if run is None:
            raise CommandError(f"The run '{self.run_id}' is gone: was the stack deployed anew?")
        self._checklist.update(self._new_events())
        self._look_closer()
        checklist = self._checklist
        marks = {step.name: step.mark for step in checklist.steps}
        return Snapshot(
            run,
            checklist.steps,
            checklist.failed,
            self._training,
            self._window,
            paid_window.estimated(self._estimate),
            so_far(self._estimate, marks, self._training, self._window),
            self._question,
        )

    def _new_events(self) -> list[dict[str, Any]]:
        """Newest first until one that is known, so that a long history is read once."""
        found: list[dict[str, Any]] = []
        with translated(f"read the history of '{self.run_id}'"):
            pages = client("stepfunctions").get_paginator("get_execution_history")
            for page in pages.paginate(
                executionArn=self._arn, reverseOrder=True, includeExecutionData=False, maxResults=200
            ):
                fresh = [event for event in page["events"] if event["id"] > self._seen]
                found += fresh
                if len(fresh) < len(page["events"]):
                    break
        found.reverse()
        self._seen = found[-1]["id"] if found else self._seen
        return found

    def _look_closer(self) -> None:
        marks = {step.name: step.mark for step in self._checklist.steps}
        if not self._estimate and marks.get(_ESTIMATED) == "done":
            self._estimate = self.deployment.folder(self.run_id).find_json(Keys.ESTIMATE)
        self._question = paid_window.question(self.deployment, self.run_id) if marks.get(_ASKING) == "running" else ""
        at_training = marks.get(training.STEP)
        finished = self._training is not None and self._training.status != "InProgress"
        if at_training == "running" or (at_training == "done" and not finished):
            self._training = training.progress(self.deployment, self.run_id) or self._training
        if at_training == "done" and (self._window is None or not self._window.closed):
            self._window = paid_window.paid_window(self.deployment, self.run_id)


def snapshots(follower: Follower) -> Iterator[Snapshot]:
    """The run at every look, the last one when it is over.

    Waits longer after each refusal or silence of AWS. Raises the error when it lasts.
    """
    shortest = 1.0 if local_endpoint() else 5.0
    patience = _PATIENCE["local" if local_endpoint() else "aws"]
    pause, answered, last = shortest, time.monotonic(), None
    while True:
        try:
            last = follower.look()
            pause, answered = shortest, time.monotonic()
            yield last
            if last.run.over:
                return
        except RetryableError as error:
            if last is None or time.monotonic() - answered > patience:
                raise
            pause = min(pause * 2, _SLOWEST)
            yield replace(last, trouble=str(error))
        time.sleep(pause)
