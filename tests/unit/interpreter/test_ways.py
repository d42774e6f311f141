"""Every way of a run through the second interpreter: the states in their order, and the end."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from statemachine import bounds
from statemachine.definition import definition
from tests.unit.interpreter.second import Call, Ended, execute
from tests.unit.interpreter.ways import USUAL, WAYS, Way


def answering(way: Way, call: Call) -> Any:
    """What the function of a call gives on a way."""
    given = (USUAL | dict(way.answers)).get(call.function, {})
    return given[min(call.attempt, len(given)) - 1] if isinstance(given, list) else given


@cache
def followed(name: str) -> Ended:
    return execute(lambda call: answering(WAYS[name], call))


@pytest.mark.parametrize("name", WAYS)
def test_the_states_come_in_their_order_and_the_run_ends_as_told(name: str) -> None:
    ended = followed(name)
    assert tuple(ended.way) == WAYS[name].states
    assert (ended.status, ended.error) == WAYS[name].ends


def test_every_state_is_on_one_of_the_ways() -> None:
    built = definition()["States"]
    inside = {task for state in built.values() for task in state.get("ItemProcessor", {}).get("States", {})}
    assert {state for way in WAYS.values() for state in way.states} == set(built) | inside


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("over the budget", "BudgetExceededError", "It costs much."),
        ("rejected", "ApprovalRejectedError", "too much"),
        ("approval expired", "ApprovalExpiredError", "Nobody approved the run in time"),
        ("generated without end", "GenerationError", "after 60 calls"),
        ("training without end", "CustomizationFailedError", "after 340 looks"),
        ("endpoint without end", "EndpointFailedError", "after 740 looks"),
    ],
)
def test_the_report_is_told_what_went_wrong(name: str, error: str, words: str) -> None:
    ended = followed(name)
    (told,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
    assert told["error"] == error
    assert words in told["cause"]
    assert ended.cause == "in words", "of the report"


def test_functions_are_given_what_the_steps_before_them_made() -> None:
    ended = execute(lambda call: answering(WAYS["provisioned"], call) | two_lanes(call))

    def given(state: str) -> list[Any]:
        found = [call.payload for call in ended.calls if call.state == state]
        return sorted(found, key=lambda payload: payload.get("shard", payload.get("shards")) or 0)

    every = {"run_id": "run-1", "shard_size": 25}
    (first,) = given("Pin the inputs")
    assert first["execution_arn"].endswith(":execution:tuner:run-1")
    for state, model in (("Ask the base model", "base"), ("Ask the tuned model", "tuned")):
        assert given(state) == [{**every, "model": model, "shards": lane} for lane in ([0, 1], [2, 3])]
    assert given("Grade one shard") == [{**every, "shard": shard} for shard in range(4)]
    assert given("Put the scores together") == [every]
    assert ended.waited == [60, 3]


def two_lanes(call: Call) -> dict[str, Any]:
    lanes = {"shards": [0, 1, 2, 3], "lanes": [[0, 1], [2, 3]]}
    return lanes if call.function == "Preprocess" else {}


@pytest.mark.parametrize("name", ["provisioned", "not served", "approved", "training without end"])
def test_the_history_has_the_events_that_are_counted_for_it(name: str) -> None:
    """As the other interpreter writes them. What no way has twice is counted once a passage."""
    built, ended = definition()["States"], followed(name)
    inside = {
        task: state for one in built.values() for task, state in one.get("ItemProcessor", {}).get("States", {}).items()
    }
    counted = sum(bounds.passage(built.get(state) or inside[state]) for state in ended.way)
    items = sum(state in inside for state in ended.way)
    assert ended.events == counted + bounds.EVENTS_OF_AN_ITEM * items + bounds.EVENTS_AROUND
