"""Derives a checklist from a run's state machine and its execution history.

The definition gives the steps, so that the command line needs no list of its own. The history gives their status.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from tuner.aws.clients import Response
from tuner.reporting.notify.failure_message import step_failure

Mark = Literal["waiting", "running", "done", "failed", "skipped"]
_ENDED = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
# Choice, Pass, Succeed and Fail states take no time, so they are not steps for a person.
_SHOWN = ("Task", "Map", "Wait")


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An event of an execution's history. `state` is the state that was entered, `length` the items of a Map."""

    id: int
    kind: str
    at: datetime
    state: str = ""
    error: str = ""
    cause: str = ""
    length: int = 0

    @classmethod
    def of(cls, event: Response) -> HistoryEvent:
        """An event as GetExecutionHistory returns it. The name of the member with its details depends on its type."""
        details: Response = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        return cls(
            event["id"],
            event["type"],
            event["timestamp"],
            details.get("name", ""),
            details.get("error", ""),
            details.get("cause", ""),
            details.get("length", 0),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist. `note` is the progress, `problem` why the current attempt is a repetition."""

    name: str
    mark: Mark = "waiting"
    started: datetime | None = None
    ended: datetime | None = None
    note: str = ""
    problem: str = ""

    def seconds(self, at: datetime) -> float | None:
        """Duration of the step, up to the time `at` when it has not ended."""
        return ((self.ended or at) - self.started).total_seconds() if self.started else None


class StepPlan:
    """The states that a person follows: the path to success, in order."""

    def __init__(self, definition: str) -> None:
        # Any: an ASL document, whose members depend on the type of the state.
        self.states: dict[str, dict[str, Any]] = json.loads(definition)["States"]
        start = json.loads(definition)["StartAt"]
        self._leads_to_success = self._states_that_lead_to_success()
        self._line_of = self._polling_lines()
        path = [name for name in self._reachable(start) if name in self._leads_to_success]
        self.names = [
            name for name in path if self.states[name]["Type"] in _SHOWN and self._line_of.get(name, name) == name
        ]

    def line_of(self, state: str) -> str | None:
        """The line of the checklist that shows a state; None for a state that is not shown (Choice, Succeed, Fail)."""
        if state in self._line_of:
            return self._line_of[state]
        shown = self.states.get(state, {}).get("Type") in _SHOWN or self._refuses(state)
        return state if shown else None

    def caught(self, state: str, next_state: str) -> bool | None:
        """Whether a transition to `next_state` means that `state` failed; None when Next and Catch both lead there."""
        definition = self.states.get(state, {})
        # The history does not say whether a transition is a Next or a Catch.
        catches = {catch["Next"] for catch in definition.get("Catch", [])}
        if next_state not in catches:
            return self._refuses(state)
        return None if definition.get("Next") == next_state else True

    def function_of(self, state: str) -> str | None:
        """Name or ARN of the Lambda function of a line: of its Task, of the first Task in its Map, or of its loop."""
        behind = (name for name, line in self._line_of.items() if line == state)
        tasks = [task for name in (state, *behind) for task in self._with_those_inside(name)]
        called = (task.get("Arguments", {}).get("FunctionName") for task in tasks)
        return next((str(name) for name in called if name), None)

    def retries(self, state: str, error: str) -> bool:
        """Whether the state, or a state in its Map, has a Retry for the error."""
        retriers = (retrier for each in self._with_those_inside(state) for retrier in each.get("Retry", ()))
        return any(error in retrier["ErrorEquals"] for retrier in retriers)

    def _with_those_inside(self, name: str) -> list[Response]:
        """The state, and the states that a Map has inside."""
        state = self.states.get(name, {})
        return [state, *state.get("ItemProcessor", {}).get("States", {}).values()]

    def _refuses(self, state: str) -> bool:
        """Whether the state is a Pass that only leads to failure: a Choice refused the run, and no Task failed."""
        return state not in self._leads_to_success and self.states.get(state, {}).get("Type") == "Pass"

    def _next(self, name: str) -> list[str]:
        state = self.states[name]
        targets = [state.get("Next"), *(choice["Next"] for choice in state.get("Choices", [])), state.get("Default")]
        return [target for target in targets if target]

    def _reachable(self, start: str) -> list[str]:
        """The states that can be reached, in the order of the definition file, which is the order of a run."""
        seen, pending = set[str](), [start]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += self._next(name)
        return [name for name in self.states if name in seen]

    def _states_that_lead_to_success(self) -> set[str]:
        good = {name for name, state in self.states.items() if state["Type"] == "Succeed"}
        # States are added until no further state leads to a known one.
        while more := {name for name in self.states if name not in good and good & set(self._next(name))}:
            good |= more
        return good

    def _polling_lines(self) -> dict[str, str]:
        """The states of polling loops (Wait, Task, Choice), by the name of their Wait: a loop is one line."""
        waits = (name for name, state in self.states.items() if state["Type"] == "Wait")
        loops = [(wait, task, choice) for wait in waits for task in self._next(wait) for choice in self._next(task)]
        closed = [(wait, task, choice) for wait, task, choice in loops if wait in self._next(choice)]
        return {state: wait for wait, *states in closed for state in states}


class Checklist:
    """The steps of the plan with their status, updated by the events of the execution's history, oldest first."""

    def __init__(self, plan: StepPlan) -> None:
        self._plan = plan
        self._steps = {name: Step(name) for name in plan.names}
        self._state = ""
        self._error = ""
        self._iterations = [0, 0]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The path to success first, then the other states that were entered."""
        return tuple(self._steps.values())

    @property
    def failed(self) -> Step | None:
        """The step that made the run fail: the first failed one."""
        return next((step for step in self._steps.values() if step.mark == "failed"), None)

    def update(self, events: Iterable[HistoryEvent]) -> None:
        """Applies further events of the history."""
        for event in events:
            self._apply(event)

    def _apply(self, event: HistoryEvent) -> None:
        """Applies one event to the step that is running."""
        kind = event.kind
        if kind.endswith("StateEntered"):
            self._enter(event.state, event.at)
        elif kind in _ENDED:
            self._finish(kind, event.at)
        elif kind in ("TaskFailed", "TaskTimedOut", "MapStateFailed", "LambdaFunctionFailed"):
            self._error = event.error or kind
            retried = self._plan.retries(self._state, self._error)
            self._change(problem=_reason(self._error, event.cause) if retried else "")
        elif kind in ("TaskScheduled", "TaskSubmitted", "TaskSucceeded"):
            # A retry begins or has succeeded. Only an error that remains until the next state is final.
            self._error = ""
            if kind != "TaskScheduled":  # submitted: it waits for an approval
                self._change(problem="")
        elif kind == "MapStateStarted":
            self._iterations = [0, event.length]  # done and all
        elif kind == "MapIterationSucceeded":
            self._iterations[0] += 1
            self._change(note=f"{self._iterations[0]} of {self._iterations[1]} parts")

    def _enter(self, name: str, at: datetime) -> None:
        if name not in self._plan.states:
            return  # a state inside a Map
        caught = self._plan.caught(self._state, name)
        failed = bool(self._error) if caught is None else caught
        previous, line = self._plan.line_of(self._state), self._plan.line_of(name)
        if previous and (failed or line != previous):
            self._close(previous, "failed" if failed else "done", at)
        if line:
            self._open(line, at)
        self._state, self._error = name, ""

    def _open(self, line: str, at: datetime) -> None:
        self._skip_waiting_before(line)
        step = self._steps.get(line, Step(line))
        self._steps[line] = replace(step, mark="running", started=step.started or at, ended=None, note="", problem="")

    def _skip_waiting_before(self, line: str) -> None:
        """Marks the steps before `line` that were not entered as skipped: the run does not go back to them."""
        ahead = self._plan.names[: self._plan.names.index(line)] if line in self._plan.names else []
        for name in ahead:
            if self._steps[name].mark == "waiting":
                self._steps[name] = replace(self._steps[name], mark="skipped")

    def _close(self, line: str, mark: Mark, at: datetime) -> None:
        step = self._steps[line]
        if step.mark == "running":
            self._steps[line] = replace(step, mark=mark, ended=at, note="", problem="")

    def _change(self, **members: str) -> None:
        line = self._plan.line_of(self._state)
        if line:
            self._steps[line] = replace(self._steps[line], **members)  # type: ignore[arg-type]  # `note` or `problem`

    def _finish(self, kind: str, at: datetime) -> None:
        line = self._plan.line_of(self._state)
        if line:
            self._close(line, "done" if kind == "ExecutionSucceeded" else "failed", at)
        for name, step in self._steps.items():
            if step.mark == "waiting":
                self._steps[name] = replace(step, mark="skipped")


def _reason(error: str, cause: str) -> str:
    """Why an attempt failed, in the words of the history: the class alone says little."""
    said = step_failure(error, cause).message.splitlines()[0] if cause.strip() not in ("", "{}") else ""
    if error.startswith("Lambda.") and "state: Pending" in said:
        said = "Lambda is still preparing the function, as before its first call."
    return f"{error}: {said}" if said else error
