"""Computes the maximum duration of an execution and the maximum number of events in its history from the definition.

Both are sums along the most expensive path through the states. They assume that every loop has its maximum number of
iterations, and every Map its maximum number of items. They also assume that every state uses all its retries once (in a
Map: as many items as run concurrently).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from annotated_types import Le

from statemachine.retries import BUSY_ACCOUNT, NOT_READY, RELEASE_BUSY_ACCOUNT, Retrier, retriers
from tuner.serving.batch.collect import OVERDUE_SECONDS
from tuner.serving.inference import MAX_SHARDS, MAX_WORKERS
from tuner.settings import DeploymentSettings

State = dict[str, Any]

# AWS's limit is 25,000: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_EVENTS = 24_000
# AWS's limit is one year: same page.
MAX_SECONDS = 31_536_000


def _largest(setting: str) -> float:
    """The maximum that the settings of a deployment accept."""
    (limit,) = (rule.le for rule in DeploymentSettings.model_fields[setting].metadata if isinstance(rule, Le))
    return float(str(limit))


# The settings that determine how long an execution waits, with their maximum values.
LARGEST_SETTINGS: dict[str, Any] = {
    name: _largest(name) for name in ("approval_hours", "longest_training_hours", "longest_throughput_hours")
}

# Events of one visit, by type of state: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
# A Task writes entered, scheduled, started, succeeded and exited. With a task token, also submitted.
_EVENTS = {"Task": 5, "Map": 4, "Choice": 2, "Wait": 2, "Pass": 2, "Succeed": 2, "Fail": 1}
_EVENTS_OF_A_RETRY = 3  # scheduled, started, failed
EVENTS_OF_AN_ITEM = 2  # started, succeeded
EVENTS_AROUND = 2  # the execution's start and end
# Lambda rejects these attempts before the function runs, so they take no time beyond the wait.
_REJECTED = (NOT_READY, BUSY_ACCOUNT, RELEASE_BUSY_ACCOUNT)
_LONGEST_FUNCTION_SECONDS = 900
_LOOKS = ("Ask a batch of the questions", "Look at the scores", "Do the answers decide?")
_JUDGE_JOBS = (
    "Start the judge's batch jobs",
    "Wait for the judge's batch jobs",
    "Check the judge's batch jobs",
    "Are the judge's batch jobs over?",
)
# Of each pair, a run enters one at most. The base model is asked before the training or after it: $base_models decides.
# A run that may stop early asks its judge by calls: tuner/costs/batch_choice.py.
_ONE_OF_TWO = ((("Answer with the base model",), ("Answer with the chosen base model",)), (_LOOKS, _JUDGE_JOBS))
_TURNS_CONDITION = re.compile(r"\$turns >= (\d+)")


def max_events(definition: State) -> int:
    """The number of events in the history of the longest execution that the definition allows."""
    return int(_most_expensive_run(definition, _events)) + EVENTS_AROUND


def max_seconds(definition: State, settings: DeploymentSettings) -> int:
    """The time limit of an execution. No run that the settings allow takes longer."""
    waits = {
        "Are the batch jobs over?": OVERDUE_SECONDS,
        "Are the judge's batch jobs over?": OVERDUE_SECONDS,
        "Is the training over?": settings.longest_training_hours * 3600,
        "Is the throughput in service?": settings.longest_throughput_hours * 3600,
    }

    # The check function ends a polling loop after a time, so the number of its iterations does not matter.
    timed = {one for choice, loop in loops(definition).items() if choice in waits for one in loop}

    def seconds(name: str, state: State, turns: int) -> float:
        return waits.get(name, 0) + _seconds(name, state, 1 if name in timed else turns, settings)

    return math.ceil(_most_expensive_run(definition, seconds))


def _most_expensive_run(definition: State, cost: Callable[[str, State, int], float]) -> float:
    """As the most expensive path, with only one of any two parts that no run enters both."""

    def without(left_out: Iterable[tuple[str, ...]]) -> float:
        names = {name for part in left_out for name in part}
        return _most_expensive_path(
            definition, lambda name, state, turns: 0 if name in names else cost(name, state, turns)
        )

    return max(map(without, itertools.product(*_ONE_OF_TWO)))


def turns(state: State) -> int | None:
    """The maximum iterations of the loop that a Choice closes. None for any other state."""
    found = [_TURNS_CONDITION.search(choice["Condition"]) for choice in state.get("Choices", ())]
    return next((int(match[1]) for match in found if match), None)


def loops(definition: State) -> dict[str, frozenset[str]]:
    """The states of each loop, by the Choice that closes it. The Default of this Choice leads back."""
    states = definition["States"]
    back: dict[str, list[str]] = {}
    for name, state in states.items():
        for target in _successors(state):
            back.setdefault(target, []).append(name)
    return {
        name: frozenset(
            _reached(state["Default"], lambda one: _successors(states[one]))
            & _reached(name, lambda one: back.get(one, ()))
        )
        for name, state in states.items()
        if turns(state)
    }


def visit_events(state: State) -> int:
    """The events of one visit of a state, without retries and without the items of a Map."""
    return _EVENTS[state["Type"]] + str(state.get("Resource", "")).endswith(".waitForTaskToken")


def _events(name: str, state: State, turns: int) -> float:
    if state["Type"] == "Task":
        return turns * visit_events(state) + _EVENTS_OF_A_RETRY * sum(retrier.attempts for retrier in retriers(name))
    if state["Type"] != "Map":
        return turns * visit_events(state)
    inside = state["ItemProcessor"]
    once = EVENTS_OF_AN_ITEM + sum(map(visit_events, inside["States"].values()))
    retried = _most_expensive_path(inside, _events) - (once - EVENTS_OF_AN_ITEM)
    at_once: int = state["MaxConcurrency"]
    return visit_events(state) + _items(state) * once + at_once * retried


def _items(state: State) -> int:
    """The maximum items of a Map, by the variable that holds them."""
    maximum = {
        "{% $shards %}": MAX_SHARDS,
        "{% $before_training %}": MAX_WORKERS,
        "{% $served %}": MAX_WORKERS,
    }
    return maximum[state["Items"]]


def _seconds(name: str, state: State, turns: int, settings: DeploymentSettings) -> float:
    if state["Type"] == "Task":
        limit = state["TimeoutSeconds"]
        once: float = settings.approval_hours * 3600 if isinstance(limit, str) else limit
        return turns * once + sum(_retried(retrier, once) for retrier in retriers(name))
    if state["Type"] != "Map":
        return 0.0
    ((task, inside),) = state["ItemProcessor"]["States"].items()
    # As if all items of a batch took the whole time: this is never too short.
    batches = math.ceil(_items(state) / state["MaxConcurrency"])
    return _seconds(task, inside, batches, settings)


def _retried(retrier: Retrier, limit: float) -> float:
    # A function ends before the time limit of its Task, so the shorter of the two limits counts.
    each = 0 if retrier in _REJECTED else min(limit, _LONGEST_FUNCTION_SECONDS)
    return retrier.max_seconds() + retrier.attempts * each


def _most_expensive_path(definition: State, weight: Callable[[str, State, int], float]) -> float:
    """The sum along the most expensive path from the start. `weight` gets the number of visits of the state."""
    states, closed = definition["States"], loops(definition)
    passed = {one: turns(states[choice]) or 1 for choice, loop in closed.items() for one in loop}
    known: dict[str, float] = {}

    def onwards(name: str) -> list[str]:
        # A Choice that closes a loop leads back into it. Without these arrows there is no circle, so the recursion
        # ends.
        return [one for one in _successors(states[name]) if one not in closed.get(name, ())]

    forward = _reached(definition["StartAt"], onwards)

    def cost(name: str) -> float:
        return weight(name, states[name], passed.get(name, 1))

    def from_here(name: str) -> float:
        if name not in known:
            # States that a loop enters only on its way back.
            back = sum(cost(one) for one in closed.get(name, ()) if one not in forward)
            known[name] = cost(name) + back + max(map(from_here, onwards(name)), default=0.0)
        return known[name]

    return from_here(definition["StartAt"])


def _successors(state: State) -> Iterator[str]:
    for entry in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in entry:
            yield entry["Next"]
    if "Default" in state:
        yield state["Default"]


def _reached(start: str, successors: Callable[[str], Iterable[str]]) -> set[str]:
    """The states that can be reached from `start`, including itself."""
    reached, waiting = {start}, [start]
    while waiting:
        new = set(successors(waiting.pop())) - reached
        reached |= new
        waiting += new
    return reached
