"""Tests every path of a run in moto's interpreter: the order of its states, and its end."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from statemachine import bounds
from statemachine.definition import definition
from tests.unit.interpreter.execution_paths import DEFAULT_RESULTS, PATHS, ExecutionPath
from tests.unit.interpreter.moto_interpreter import Call, Ended, execute

pytestmark = pytest.mark.slow


def answer_of(path: ExecutionPath, call: Call) -> Any:
    """The result of a function on a path, or of a state that calls it for something else."""
    results = DEFAULT_RESULTS | dict(path.answers)
    given = results.get(call.state, results.get(call.function, {}))
    return given[min(call.attempt, len(given)) - 1] if isinstance(given, list) else given


@cache
def executed(name: str) -> Ended:
    return execute(lambda call: answer_of(PATHS[name], call))


@pytest.mark.parametrize("name", PATHS)
def test_a_path_has_its_states_in_order_and_its_end(name: str) -> None:
    ended = executed(name)
    assert tuple(ended.states) == PATHS[name].states
    assert (ended.status, ended.error) == PATHS[name].ends


def test_every_state_is_on_a_path() -> None:
    built = definition()["States"]
    inside = {task for state in built.values() for task in state.get("ItemProcessor", {}).get("States", {})}
    assert {state for path in PATHS.values() for state in path.states} == set(built) | inside


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("over the budget", "BudgetExceededError", "It costs much."),
        ("rejected", "ApprovalRejectedError", "too much"),
        ("approval expired", "ApprovalExpiredError", "Nobody approved the run in time"),
        ("over the budget before the generation", "BudgetExceededError", "It costs much."),
        ("rejected before the generation", "ApprovalRejectedError", "too much"),
        ("approval of the generation expired", "ApprovalExpiredError", "before anything was spent"),
        ("generated without end", "GenerationError", "after 60 turns"),
        ("training without end", "CustomizationFailedError", "after 340 looks"),
        ("endpoint without end", "EndpointFailedError", "after 740 looks"),
    ],
)
def test_the_report_gets_the_error_and_its_cause(name: str, error: str, words: str) -> None:
    ended = executed(name)
    (failure,) = [call.payload["failure"] for call in ended.calls if call.state == "Report the failure"]
    assert failure["error"] == error
    assert words in failure["cause"]
    assert ended.cause == "in words", "the cause that the report returned"


# The contestants that are asked before the training, those that need the endpoint, and the shards of each invocation.
ASKED = (["base", "few_shot"], ["tuned", "retrieval_tuned"])
PARTS = ([0, 1], [2, 3])


def test_functions_get_the_results_of_earlier_steps() -> None:
    ended = execute(lambda call: two_workers(call) or answer_of(PATHS["provisioned"], call))

    def given(state: str) -> list[Any]:
        found = [call.payload for call in ended.calls if call.state == state]
        return sorted(found, key=lambda payload: payload.get("shard", payload.get("shards")) or 0)

    every = {"run_id": "run-1", "shard_size": 25}
    (first,) = given("Pin the inputs")
    assert first["execution_arn"].endswith(":execution:tuner:run-1")
    for state, models in zip(("Ask the base model", "Ask the tuned model"), ASKED, strict=True):
        asked = [{**every, "model": model, "shards": part} for part in PARTS for model in models]
        assert sorted(given(state), key=str) == sorted(asked, key=str)
    assert given("Grade one shard") == [{**every, "shard": shard} for shard in range(4)]
    assert given("Put the scores together") == [every]
    assert ended.waited == [60, 3]


def two_workers(call: Call) -> dict[str, Any]:
    before, served = ([{"model": model, "shards": part} for model in models for part in PARTS] for models in ASKED)
    result = {"shards": [0, 1, 2, 3], "before_training": before, "served": served, "shard_size": 25, "batch": []}
    return result if call.function == "Preprocess" else {}


def test_each_batch_is_asked_and_then_looked_at() -> None:
    """The first batch is that of the preprocessing, the next one that of the look before."""
    calls = executed("decided at the second look").calls
    batches = [call.payload for call in calls if call.state in ("Ask a batch of the questions", "Look at the scores")]
    every = {"run_id": "run-1", "shard_size": 5}
    assert batches == [
        {**every, **given}
        for batch in ([0, 1], [2])
        for given in ({"model": "tuned", "shards": batch}, {"batch": batch})
    ]


@pytest.mark.parametrize("name", ["provisioned", "not served", "approved", "training without end"])
def test_the_history_has_as_many_events_as_the_bounds_count(name: str) -> None:
    """The bounds keep an execution within its 25,000 events."""
    built, ended = definition()["States"], executed(name)
    inside = {
        task: state for one in built.values() for task, state in one.get("ItemProcessor", {}).get("States", {}).items()
    }
    counted = sum(bounds.visit_events(built.get(state) or inside[state]) for state in ended.states)
    items = sum(state in inside for state in ended.states)
    assert ended.events == counted + bounds.EVENTS_OF_AN_ITEM * items + bounds.EVENTS_AROUND


@pytest.mark.parametrize(
    ("path", "again"),
    [("approved", [False]), ("approved before and after the generation", [None, True])],
)
def test_a_second_request_for_approval_says_that_it_is_one(path: str, again: list[bool | None]) -> None:
    calls = executed(path).calls
    assert [call.payload.get("again") for call in calls if call.function == "RequestApproval"] == again


def test_the_second_estimate_receives_what_was_approved_before_the_generation() -> None:
    calls = executed("approved before the generation").calls
    assert [call.payload.get("approved") for call in calls if call.function == "EstimateCost"] == [
        None,
        {"usd": 2.0, "unknown": {}},
    ]
    assert [
        call.payload.get("approved")
        for call in executed("generated at once").calls
        if call.state == "Estimate the cost"
    ] == [None]
