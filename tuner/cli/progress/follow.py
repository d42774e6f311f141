"""Polls a run until it ends. Waits longer while AWS throttles or does not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.cli.deployment import Deployment, local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.progress import executions, paid_window, training
from tuner.cli.progress.answer_count import ANSWER_STATES, AnswerCount
from tuner.cli.progress.cost_so_far import SpentSoFar, cost_so_far
from tuner.cli.progress.executions import Run
from tuner.cli.progress.optional_steps import expected
from tuner.cli.progress.queue_position import STATES, place_sentence
from tuner.cli.progress.steps import Checklist, HistoryEvent, Mark, Step, StepPlan
from tuner.core.errors import RetryableError

# States of statemachine/customization.asl.json: they write run.json, generated/summary.json and estimate.json, ask, and
# write gate.json.
_PINNED = "Pin the inputs"
_GENERATED = "Generate validation data"
_ESTIMATED = ("Estimate the cost with the generation", "Estimate the cost")
_APPROVALS = ("Ask for approval of the generation", "Ask for approval")
GATE_STATE = "Apply the gate"
_LONGEST_PAUSE_SECONDS = 60.0
# An outage of AWS seldom lasts longer. A local cloud that does not answer for this long has ended.
_GIVE_UP_SECONDS = {"aws": 1800.0, "local": 30.0}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `approval` is the approval that it waits for, `generated` what the documents gave,
    `place` its position in the queue.

    `problem` is the error of the last poll. The other members are then those of the last successful poll.
    """

    run: Run
    steps: tuple[Step, ...]
    failed: Step | None
    training: training.TrainingProgress | None = None
    window: paid_window.PaidWindow | None = None
    estimate: str = ""
    spent: str = ""
    approval: str = ""
    generated: str = ""
    problem: str = ""
    place: str = ""

    def is_done(self, state: str) -> bool:
        """Whether the step of this state is done."""
        return any(step.name == state and step.mark == "done" for step in self.steps)


class Follower:
    """Reads the state of a run. Keeps what cannot change, so that it is read once."""

    def __init__(self, deployment: Deployment, run_id: str) -> None:
        self.deployment = deployment
        self.run_id = run_id
        self._arn = deployment.execution_arn(run_id)
        with mapped_errors(f"read the steps of '{run_id}'"):
            machine = client("stepfunctions").describe_state_machine_for_execution(executionArn=self._arn)
        self.plan = StepPlan(machine["definition"])
        self._checklist = Checklist(self.plan)
        self._seen = 0
        self._training: training.TrainingProgress | None = None
        self._window: paid_window.PaidWindow | None = None
        self._estimate: Estimate | None = None
        self._estimates = 0
        self._approval = ""
        self._generated: GeneratedSummary | None = None
        self._manifest: Manifest | None = None
        self._answers = AnswerCount(deployment.folder(run_id), deployment.settings.shard_size)
        self._spent: SpentSoFar | None = None

    def poll(self) -> Snapshot:
        """The run now."""
        # Status before history: the history of a run that has ended is then complete.
        run = executions.find(self.deployment, self.run_id)
        if run is None:
            raise CommandError(f"The run '{self.run_id}' no longer exists. Was the stack deleted and deployed again?")
        self._checklist.update(self._new_events())
        marks = {step.name: step.mark for step in self._checklist.steps}
        self._read_details(marks)
        spent = cost_so_far(self._estimate, marks, self._training, self._window)
        self._spent = spent.after(self._spent) if spent else None
        return Snapshot(
            run=run,
            steps=tuple(map(self._counted, expected(self._checklist.steps, self._manifest))),
            failed=self._checklist.failed,
            training=self._training,
            window=self._window,
            estimate=paid_window.estimated(self._estimate),
            spent=self._spent.sentence() if self._spent else "",
            approval=self._approval,
            generated=self._generated.sentence if self._generated else "",
            place=self._place(marks),
        )

    def _place(self, marks: Mapping[str, Mark]) -> str:
        pool = next((pool for state, pool in STATES.items() if marks.get(state) == "running"), None)
        return place_sentence(self.deployment, self.run_id, pool) if pool else ""

    def _new_events(self) -> list[HistoryEvent]:
        """The events since the last poll. Reads newest first up to a known event, so a long history is read once."""
        found: list[HistoryEvent] = []
        with mapped_errors(f"read the history of '{self.run_id}'"):
            pages = client("stepfunctions").get_paginator("get_execution_history")
            for page in pages.paginate(
                executionArn=self._arn, reverseOrder=True, includeExecutionData=False, maxResults=200
            ):
                fresh = [HistoryEvent.of(event) for event in page["events"] if event["id"] > self._seen]
                found += fresh
                if len(fresh) < len(page["events"]):
                    break
        found.reverse()
        self._seen = found[-1].id if found else self._seen
        return found

    def _counted(self, step: Step) -> Step:
        """A step that asks a model, with the number of its answers."""
        model = ANSWER_STATES.get(step.name)
        if model is None or step.mark != "running":
            return step
        return replace(step, note=self._answers.note(model) or step.note)

    def _read_details(self, marks: Mapping[str, Mark]) -> None:
        """Reads what the finished steps wrote. Only the job and the endpoint change, so they are read again."""
        if not self._manifest and marks.get(_PINNED) == "done":
            self._manifest = self.deployment.folder(self.run_id).load_if_present(Manifest)
        estimates = sum(marks.get(state) == "done" for state in _ESTIMATED)
        if estimates > self._estimates:
            self._estimate = self.deployment.folder(self.run_id).load_if_present(Estimate)
            self._estimates = estimates
        if not self._generated and marks.get(_GENERATED) in ("done", "failed"):
            self._generated = self.deployment.folder(self.run_id).load_if_present(GeneratedSummary)
        asking = any(marks.get(state) == "running" for state in _APPROVALS)
        self._approval = paid_window.pending_approval(self.deployment, self.run_id) if asking else ""
        at_training = marks.get(training.STEP)
        finished = self._training is not None and self._training.status != "InProgress"
        if at_training == "running" or (at_training == "done" and not finished):
            self._training = training.progress(self.deployment, self.run_id) or self._training
        if at_training == "done" and (self._window is None or not self._window.closed):
            self._window = paid_window.paid_window(self.deployment, self.run_id)


def snapshots(follower: Follower) -> Iterator[Snapshot]:
    """Polls the run and yields every snapshot. The last one is that of the ended run.

    The pause doubles after every retryable error. Raises the error when it lasts too long.
    """
    shortest = 1.0 if local_endpoint() else 5.0
    give_up = _GIVE_UP_SECONDS["local" if local_endpoint() else "aws"]
    pause, answered, last = shortest, time.monotonic(), None
    while True:
        try:
            last = follower.poll()
            pause, answered = shortest, time.monotonic()
            yield last
            if last.run.over:
                return
        except RetryableError as error:
            if last is None or time.monotonic() - answered > give_up:
                raise
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            yield replace(last, problem=str(error))
        time.sleep(pause)
