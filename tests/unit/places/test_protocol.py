"""Searches the queue's protocol: one or two disturbances at every point of a small history.

The history: three runs begin, with one place; the first ends and the others follow. A disturbance is a crash, an answer
that lags behind, or another call that comes in between. After it, one sweep must leave everything right.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.unit.places.world import CrashError, World


def crash(world: World) -> None:
    raise CrashError


def lag(world: World) -> None:
    world.stale = True


def stop(name: str) -> Callable[[World], None]:
    def stopped(world: World) -> None:
        world.stop(name)

    return stopped


def ended(name: str) -> Callable[[World], None]:
    """The event of a run that has ended comes now, perhaps once more."""

    def delivered(world: World) -> None:
        if name in world.since and name not in world.alive:
            world.call(lambda: world.places.ended(name))

    return delivered


def again(name: str) -> Callable[[World], None]:
    def repeated(world: World) -> None:
        world.attempt(name)

    return repeated


def sweep(world: World) -> None:
    world.call(world.places.sweep)


DISTURBANCES = {
    "crash": crash,
    "lag": lag,
    "stop a": stop("a"),
    "stop b": stop("b"),
    "a ended": ended("a"),
    "b again": again("b"),
    "c again": again("c"),
    "sweep": sweep,
}
Plan = dict[int, str]


def history(world: World) -> None:
    for name in ("a", "b", "c"):
        world.start(name)
    for name in ("a", "b"):
        world.end(name)


def play(plan: Plan) -> int:
    """Plays the history with these disturbances, by the number of the point, and returns how many points there were."""
    world, points, disturbed = World(1), itertools.count(), False

    def between() -> None:
        nonlocal disturbed
        world.check()
        if disturbed:  # a call that came in between is not disturbed itself
            return
        if (name := plan.get(next(points))) is not None:
            disturbed = True
            try:
                DISTURBANCES[name](world)
            finally:
                disturbed = False

    world.between = between
    history(world)
    count = next(points)
    world.between, world.stale = world.check, False
    world.places.sweep()
    world.check_rest()
    return count


def plans(points: int, depth: int) -> Iterator[Plan]:
    for at in itertools.combinations(range(points), depth):
        for names in itertools.product(DISTURBANCES, repeat=depth):
            yield dict(zip(at, names, strict=True))


@pytest.mark.parametrize("depth", [0, 1])
def test_no_disturbance_loses_a_wake_up_or_gives_a_place_twice(depth: int) -> None:
    for plan in plans(play({}), depth):
        try:
            play(plan)
        except AssertionError as error:
            raise AssertionError(f"{plan}: {error}") from error


@pytest.mark.slow
def test_no_pair_of_disturbances_does() -> None:
    """Every eleventh pair, to be quick."""
    for plan in itertools.islice(plans(play({}), 2), 0, None, 11):
        try:
            play(plan)
        except AssertionError as error:
            raise AssertionError(f"{plan}: {error}") from error


def crashed_event(crash_at: int | None) -> tuple[World, int]:
    """Two runs and one place: the first ends, and the function for its event crashes at this point."""
    world, points = World(1), itertools.count()
    for name in ("a", "b"):
        world.start(name)

    def between() -> None:
        world.check()
        if next(points) == crash_at:
            raise CrashError

    world.between = between
    world.end("a")
    world.between = world.check
    return world, next(points)


def test_a_repeated_event_completes_what_a_crash_left_undone() -> None:
    """Lambda repeats an event whose function ended with an error. The sweep is not needed then."""
    for crash_at in range(crashed_event(None)[1]):
        world, _ = crashed_event(crash_at)
        world.places.ended("a")
        world.check_rest()
        assert list(world.working) == ["b"], crash_at


def test_without_a_disturbance_the_runs_follow_each_other() -> None:
    world = World(1)
    history(world)
    assert world.began == ["a", "b", "c"]
    assert world.queue().position("c") is None
    world.check_rest()
