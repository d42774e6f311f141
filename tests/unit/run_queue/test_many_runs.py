"""50 and 1,000 runs with two places: all end, in their order, whatever is stopped, crashes or gets lost."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest
from pydantic import SecretStr

from tests.unit.run_queue.world import NOON, POOL, CrashError, World
from tuner.aws.dynamodb.queue_state import PlaceQueue, PoolState, QueuedRun, WaitingRun
from tuner.aws.executions import Execution


def names(runs: int) -> list[str]:
    return [f"run-{number:04d}" for number in range(runs)]


@pytest.mark.slow
@pytest.mark.parametrize("runs", [50, 1000])
def test_all_runs_end_in_their_order_with_two_places(runs: int) -> None:
    world = World(2)
    for name in names(runs):
        world.start(name)
    while world.working:
        world.now += dt.timedelta(hours=1)
        world.end(next(iter(world.working)))
        world.check_rest()
    assert world.began == names(runs)
    assert not world.alive and not world.table.runs


@pytest.mark.slow
@pytest.mark.parametrize("runs", [50, 1000])
def test_a_run_that_asks_a_person_lets_others_go_on_and_waits_behind_them_again(runs: int) -> None:
    world, asked = World(2), names(runs)[:10]
    for name in names(runs):
        world.start(name)
    for name in asked:
        world.ask(name)
        world.check_rest()
    assert list(world.working) == names(runs)[10:12], "nobody keeps a place for a person's answer"
    for name in reversed(asked):
        world.approve(name)
        world.check_rest()
    while world.working:
        world.now += dt.timedelta(hours=1)
        world.end(next(iter(world.working)))
        world.check_rest()
    assert world.began == [*names(runs), *reversed(asked)]
    assert not world.alive and not world.table.runs


@pytest.mark.slow
@pytest.mark.parametrize(("runs", "seed"), [*((50, seed) for seed in range(10)), (1000, 0)])
def test_all_runs_end_under_questions_stops_crashes_and_lost_events(runs: int, seed: int) -> None:
    random, asked = Random(seed), set[str]()
    world = World(2)

    def between() -> None:
        world.check()
        if random.random() < 0.02:
            raise CrashError
        world.stale = world.stale or random.random() < 0.02

    world.between = between
    for name in names(runs):
        world.start(name)
        if random.random() < 0.1:
            world.end(random.choice(list(world.alive)))
    for _ in range(10 * runs):
        if not world.alive:
            break
        world.now += dt.timedelta(hours=1)
        for name in [name for name in world.asking if random.random() < 0.3]:
            world.approve(name)
        for name in list(world.working):
            if name not in asked and random.random() < 0.2:
                asked.add(name)
                world.ask(name)
                continue
            world.stop(name)
            if random.random() < 0.7:
                world.deliver_end(name)
        if random.random() < 0.05 and world.alive:
            world.end(random.choice(list(world.alive)))
        world.call(world.places.sweep)
    assert not world.alive, "every run got its place"


def test_a_quota_below_the_setting_is_the_number_of_places() -> None:
    world = World(3)
    world.table.limit(POOL, 1)
    for name in ("a", "b", "c"):
        world.start(name)
    assert list(world.working) == ["a"]
    assert world.queue().places == 1
    world.places.register(POOL, WaitingRun(run_id="c", since=NOON), SecretStr(world.alive["c"]), quota=100)
    assert list(world.working) == ["a", "b", "c"]
    assert world.queue().places == 3
    world.table.limit(POOL, 0)
    assert world.queue().places == 1, "the run itself says that the quota allows no job"


def test_a_repeated_registration_keeps_the_position() -> None:
    world = World(1)
    for name in ("a", "b", "c"):
        world.start(name)
    world.attempt("b")
    assert world.queue().position("b") == 1
    assert [run.run_id for run in world.queue().waiting] == ["b", "c"]


def test_an_execution_that_cannot_be_seen_yet_waits_and_one_that_is_long_forgotten_does_not() -> None:
    world = World(1)
    world.start("a")
    world.stale = True
    world.start("b")
    assert world.queue().position("b") == 1
    world.stop("b")
    world.find = lambda name: None if name == "b" else Execution("RUNNING", NOON)  # type: ignore[method-assign]
    world.places.sweep()
    assert world.queue().position("b") == 1
    world.now += dt.timedelta(hours=2)
    world.places.sweep()
    assert world.queue().position("b") is None


def test_the_expected_start_follows_the_time_that_earlier_runs_kept_their_places() -> None:
    holder = QueuedRun(run_id="a", since=NOON, tokens=(SecretStr("t"),), admitted_at=NOON)
    waiting = tuple(WaitingRun(run_id=name, since=NOON) for name in ("b", "c", "d"))
    queue = PlaceQueue(places=2, state=PoolState(holders=(holder,), kept_seconds=7200, kept_count=2), waiting=waiting)
    at = NOON + dt.timedelta(minutes=30)
    assert queue.expected_starts(at) == {
        "b": at,  # a place is free
        "c": NOON + dt.timedelta(hours=1),
        "d": at + dt.timedelta(hours=1),
    }
    unknown = queue.model_copy(update={"state": PoolState(holders=(holder,))})
    assert unknown.expected_starts(at) == {}
