"""How long an execution may take, and how many events its history may have, computed from the definition.

Both are sums along the heaviest way through the states: every loop goes round as often as it may, every Map has as many
items as it may, and every state uses up all its retries once (in a Map: as many items as run at a time).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from statemachine.retries import BUSY_ACCOUNT, NOT_READY, RELEASE_BUSY_ACCOUNT, Retrier, retriers
from tuner.serving.inference import MAX_SHARDS, MAX_WORKERS
from tuner.settings import DeploymentSettings

State = dict[str, Any]

# AWS's limit is 25,000: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_EVENTS = 20_000
# A year: same page.
MOST_SECONDS = 31_536_000

# The upper bounds of the settings that an execution waits for.
LONGEST: dict[str, Any] = {"approval_hours": 48, "longest_training_hours": 168, "longest_throughput_hours": 48}

# Events of one passage, by type of state: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
# A task is entered, scheduled, started, succeeded and exited; one that waits for its token is submitted too.
_EVENTS = {"Task": 5, "Map": 4, "Choice": 2, "Wait": 2, "Pass": 2, "Succeed": 2, "Fail": 1}
_EVENTS_OF_A_RETRY = 3  # scheduled, started, failed
EVENTS_OF_AN_ITEM = 2  # started, succeeded
EVENTS_AROUND = 2  # the execution's start and end
# What Lambda refuses has not run: such an attempt takes no time of its own.
_REFUSED = (NOT_READY, BUSY_ACCOUNT, RELEASE_BUSY_ACCOUNT)
_LONGEST_FUNCTION_SECONDS = 900
_COUNTED = re.compile(r"\$turns >= (\d+)")


def most_events(definition: State) -> int:
    """The events in the history of the longest execution that the definition allows."""
    return int(_heaviest(definition, _events)) + EVENTS_AROUND


def longest_seconds(definition: State, settings: DeploymentSettings) -> int:
    """The limit of an execution: no run that the settings allow takes longer."""
    waits = {
        "Is the training over?": settings.longest_training_hours * 3600,
        "Is the throughput in service?": settings.longest_throughput_hours * 3600,
    }

    # A loop that waits is ended by the time that its check looks at, whatever its turns.
    timed = {one for choice, loop in loops(definition).items() if choice in waits for one in loop}

    def seconds(name: str, state: State, turns: int) -> float:
        return waits.get(name, 0) + _seconds(name, state, 1 if name in timed else turns, settings)

    return math.ceil(_heaviest(definition, seconds))


def turns(state: State) -> int | None:
    """How often the loop that a Choice closes may go round; None for any other state."""
    found = [_COUNTED.search(choice["Condition"]) for choice in state.get("Choices", ())]
    return next((int(match[1]) for match in found if match), None)


def loops(definition: State) -> dict[str, frozenset[str]]:
    """The states of each loop, by the Choice that closes it: its Default leads back."""
    states = definition["States"]
    back: dict[str, list[str]] = {}
    for name, state in states.items():
        for way in _ways(state):
            back.setdefault(way, []).append(name)
    return {
        name: frozenset(
            _reached(state["Default"], lambda one: _ways(states[one])) & _reached(name, lambda one: back.get(one, ()))
        )
        for name, state in states.items()
        if turns(state)
    }


def passage(state: State) -> int:
    """The events of going through a state once, without what is inside a Map and without retries."""
    return _EVENTS[state["Type"]] + str(state.get("Resource", "")).endswith(".waitForTaskToken")


def _events(name: str, state: State, turns: int) -> float:
    if state["Type"] == "Task":
        return turns * passage(state) + _EVENTS_OF_A_RETRY * sum(retrier.attempts for retrier in retriers(name))
    if state["Type"] != "Map":
        return turns * passage(state)
    inside = state["ItemProcessor"]
    once = EVENTS_OF_AN_ITEM + sum(map(passage, inside["States"].values()))
    retried = _heaviest(inside, _events) - (once - EVENTS_OF_AN_ITEM)
    at_once: int = state["MaxConcurrency"]
    return passage(state) + _items(state) * once + at_once * retried


def _items(state: State) -> int:
    """The most items of a Map, by the variable that has them."""
    most = {"{% $shards %}": MAX_SHARDS, "{% $lanes %}": MAX_WORKERS}
    return most[state["Items"]]


def _seconds(name: str, state: State, turns: int, settings: DeploymentSettings) -> float:
    if state["Type"] == "Task":
        limit = state["TimeoutSeconds"]
        once: float = settings.approval_hours * 3600 if isinstance(limit, str) else limit
        return turns * once + sum(_retried(retrier, once) for retrier in retriers(name))
    if state["Type"] != "Map":
        return 0.0
    ((task, inside),) = state["ItemProcessor"]["States"].items()
    rounds = math.ceil(_items(state) / state["MaxConcurrency"])
    return _seconds(task, inside, rounds, settings)


def _retried(retrier: Retrier, limit: float) -> float:
    each = 0 if retrier in _REFUSED else min(limit, _LONGEST_FUNCTION_SECONDS)
    return retrier.most_seconds() + retrier.attempts * each


def _heaviest(definition: State, weight: Callable[[str, State, int], float]) -> float:
    """The sum along the heaviest way from the start; `weight` is told how often the state is passed."""
    states, closed = definition["States"], loops(definition)
    passed = {one: turns(states[choice]) or 1 for choice, loop in closed.items() for one in loop}
    known: dict[str, float] = {}

    def from_here(name: str) -> float:
        if name not in known:
            ways = [way for way in _ways(states[name]) if not turns(states[name]) or way != states[name]["Default"]]
            known[name] = weight(name, states[name], passed.get(name, 1)) + max(map(from_here, ways), default=0.0)
        return known[name]

    return from_here(definition["StartAt"])


def _ways(state: State) -> Iterator[str]:
    for entry in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in entry:
            yield entry["Next"]
    if "Default" in state:
        yield state["Default"]


def _reached(start: str, ways: Callable[[str], Iterable[str]]) -> set[str]:
    """The states that can be reached from `start`, itself among them."""
    reached, waiting = {start}, [start]
    while waiting:
        new = set(ways(waiting.pop())) - reached
        reached |= new
        waiting += new
    return reached
