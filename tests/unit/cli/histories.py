"""Builds execution histories as GetExecutionHistory returns them, one event a second."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from statemachine.definition import definition

DEFINITION = json.dumps(definition())
STATES = definition()["States"]
BEGAN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

TO_TRAINING = (
    "Wait for a preparation place",
    "Pin the inputs",
    "Check that the account is ready",
    "Preprocess the dataset",
    "Validate the dataset",
    "Estimate the cost",
    "Is the cost within the budget?",
    "Wait for a training place",
    "Is the model to be served?",
    "Answer with the base model",
    "Start the customization",
    "Wait for the training",
)
TO_THE_END = (
    *TO_TRAINING,
    "Check the customization",
    "Is the training over?",
    "Wait for the training",
    "Check the customization",
    "Is the training over?",
    "Summarize the training",
    "Is the tuned model to be asked?",
    "Arm the release switch",
    "Purchase throughput",
    "Wait for the throughput",
    "Check the throughput",
    "Is the throughput in service?",
    "Answer with the tuned model",
    "Release the throughput",
    "Score the answers",
    "Put the scores together",
    "Apply the gate",
    "Write the report",
    "Notify of success",
    "The model is evaluated",
)


class History:
    """Builds the events; `went` leaves a state behind it, `is_in` stays there."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add("ExecutionStarted", executionStartedEventDetails={"input": "{}"})

    def add(self, kind: str, **details: Any) -> History:
        number = len(self.events) + 1
        at = BEGAN + timedelta(seconds=number - 1)
        self.events.append(
            {"id": number, "previousEventId": number - 1, "type": kind, "timestamp": at.timestamp(), **details}
        )
        return self

    def is_in(self, *names: str) -> History:
        for name in names[:-1]:
            self.went(name)
        return self.add(f"{STATES[names[-1]]['Type']}StateEntered", stateEnteredEventDetails={"name": names[-1]})

    def went(self, *names: str) -> History:
        for name in names:
            kind = STATES[name]["Type"]
            self.is_in(name)
            if kind == "Task":
                self.add("TaskScheduled").add("TaskStarted").add("TaskSucceeded")
            if kind == "Map":
                self._map(name)
            self.left(name)
        return self

    def left(self, name: str) -> History:
        return self.add(f"{STATES[name]['Type']}StateExited", stateExitedEventDetails={"name": name})

    def task_failed(self, error: str) -> History:
        return self.add("TaskScheduled").add("TaskFailed", taskFailedEventDetails={"error": error, "cause": "{}"})

    def ended(self, how: str) -> History:
        return self.add(f"Execution{how}")

    def _map(self, name: str) -> None:
        inner = next(iter(STATES[name]["ItemProcessor"]["States"]))
        self.add("MapStateStarted", mapStateStartedEventDetails={"length": 2})
        for index in range(2):
            self.add("MapIterationStarted", mapIterationStartedEventDetails={"name": name, "index": index})
            self.add("TaskStateEntered", stateEnteredEventDetails={"name": inner})
            self.add("TaskScheduled").add("TaskSucceeded")
            self.add("TaskStateExited", stateExitedEventDetails={"name": inner})
            self.add("MapIterationSucceeded", mapIterationSucceededEventDetails={"name": name, "index": index})
        self.add("MapStateSucceeded")
