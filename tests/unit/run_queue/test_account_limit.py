"""1,000 datasets in an account that runs 10 functions at once: every run ends, and no release waits for a minute."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from stacks.state_machine_definition import placeholder
from statemachine.definition import definition, tasks
from tests.unit.run_queue.account import SECONDS, STATES, Account, Bounds, Flood, Process, drop
from tuner.settings import DeploymentSettings

SETTINGS = DeploymentSettings()
TASKS = dict(tasks(definition(SETTINGS)))
BOUNDS = Bounds.of(SETTINGS)
LONGEST_WAIT = 60
VALID, BROKEN = Flood(200), Flood(200, broken=True)
APPROVED = Flood(200, approved_after=6 * 3600)


def simulated(flood: Flood, bounds: Bounds = BOUNDS, seed: int = 0) -> Account:
    """The flood, while releases of other endpoints are asked for every two minutes until the last run has ended."""
    account = Account(bounds, Random(seed))
    drop(account, flood)

    def releases() -> Process:
        while account.ended < flood.datasets:
            account.begin(account.state("Release the throughput"))
            yield 120

    account.begin(releases())
    account.run()
    return account


def test_the_default_settings_are_those_of_a_new_account() -> None:
    assert BOUNDS.limit == 10


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(Flood(1000), marks=pytest.mark.slow, id="1,000 datasets"),
        pytest.param(Flood(1000, broken=True), id="1,000 broken datasets"),
        pytest.param(Flood(100, files=20), id="100 datasets of 20 files"),
        pytest.param(APPROVED, id="200 datasets, all approved at the same time"),
    ],
)
@pytest.mark.thorough
def test_all_runs_end_and_every_release_gets_a_function_within_a_minute(flood: Flood, seed: int) -> None:
    account = simulated(flood, seed=seed)
    assert account.ended == flood.datasets
    assert account.lost == []
    assert len(account.releases) >= flood.datasets
    assert max(account.releases) < LONGEST_WAIT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("removed", "flood"),
    [
        ({"starters": 10}, BROKEN),
        ({"preparation": 1000}, VALID),
        ({"preparation": 1000}, BROKEN),
        ({"training": 20}, VALID),
        ({"per_run": 4}, VALID),
    ],
)
def test_without_any_one_of_the_bounds_a_release_waits_for_longer(removed: dict[str, int], flood: Flood) -> None:
    account = simulated(flood, replace(BOUNDS, **removed))
    assert max(account.releases) > LONGEST_WAIT


def test_without_a_place_after_the_approval_a_release_waits_for_longer() -> None:
    account = simulated(replace(APPROVED, waits_again=False))
    assert max(account.releases) > LONGEST_WAIT


def test_the_definition_and_the_simulation_call_the_same_functions_in_the_same_states() -> None:
    for state, function in STATES.items():
        arguments = TASKS[state]["Arguments"]
        assert arguments["FunctionName"] == f"${{{placeholder(function)}}}", state
    assert set(STATES.values()) | {"start_run", "close_run"} == set(SECONDS)


def test_the_maps_of_the_definition_call_at_most_as_many_functions_as_the_simulation() -> None:
    maps = [state for state in definition(SETTINGS)["States"].values() if state["Type"] == "Map"]
    assert {state["MaxConcurrency"] for state in maps} == {BOUNDS.per_run}
