"""Searches the queue's protocol: one or two disturbances at every point of a small history.

There are five histories with one place. In one, three runs begin, the first ends and the others follow. In another,
the first run asks a person, and waits behind the second one when it comes back. In the third, the first run ends, is
redriven and waits behind the second one. In the fourth, it is redriven before the event of its end comes. In the last,
two runs take turns. A disturbance is a crash, an answer
that lags behind, or another call that comes in between. After it, one sweep must leave everything right.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest
from pydantic import SecretStr

from tests.unit.run_queue.world import POOL, CrashError, World
from tuner.aws.dynamodb.queue_state import WaitingRun
from tuner.aws.executions import VISIBLE


def crash(world: World) -> None:
    raise CrashError


def lag(world: World) -> None:
    world.stale = True


def stop(name: str) -> Callable[[World], None]:
    def stopped(world: World) -> None:
        world.stop(name)

    return stopped


def ended(name: str) -> Callable[[World], None]:
    """The event of a run that has ended comes now, perhaps once more, and perhaps after the run was redriven."""

    def delivered(world: World) -> None:
        if name in world.stopped:
            world.deliver_end(name)

    return delivered


def again(name: str) -> Callable[[World], None]:
    def repeated(world: World) -> None:
        world.attempt(name)

    return repeated


def left_again(name: str) -> Callable[[World], None]:
    """A call for the first stay of a run comes late."""

    def late(world: World) -> None:
        if name in world.left:
            world.leave(name)

    return late


def turned_again(name: str) -> Callable[[World], None]:
    """The function of an attempt that Step Functions has given up works on."""

    def late(world: World) -> None:
        if name in world.turned and name in world.alive:
            run = world.turned[name]
            world.call(lambda: world.places.wait_again(POOL, run, SecretStr("given up")))

    return late


def sweep(world: World) -> None:
    world.call(world.places.sweep)


DISTURBANCES = {
    "crash": crash,
    "lag": lag,
    "stop a": stop("a"),
    "stop b": stop("b"),
    "a ended": ended("a"),
    "a left again": left_again("a"),
    "a again": again("a"),
    "a turned again": turned_again("a"),
    "b again": again("b"),
    "c again": again("c"),
    "sweep": sweep,
}
Plan = dict[int, str]


def following(world: World) -> None:
    for name in ("a", "b", "c"):
        world.start(name)
    for name in ("a", "b"):
        world.end(name)


def asking(world: World) -> None:
    for name in ("a", "b"):
        world.start(name)
    world.ask("a")
    world.approve("a")
    world.end("b")


def redriving(world: World) -> None:
    for name in ("a", "b"):
        world.start(name)
    world.end("a")
    world.redrive("a")
    world.end("b")


def redriving_before_the_event(world: World) -> None:
    for name in ("a", "b"):
        world.start(name)
    world.stop("a")
    world.redrive("a")
    world.deliver_end("a")
    world.end("a")
    world.end("b")


def taking_turns(world: World) -> None:
    for name in ("a", "b"):
        world.start(name)
    world.turn("a")
    world.turn("b")
    world.end("a")


HISTORIES = (following, asking, redriving, redriving_before_the_event, taking_turns)
History = Callable[[World], None]


def play(history: History, plan: Plan) -> int:
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


def play_all(history: History, plans: Iterable[Plan]) -> None:
    for plan in plans:
        try:
            play(history, plan)
        except AssertionError as error:
            raise AssertionError(f"{plan}: {error}") from error


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("history", HISTORIES)
def test_no_disturbance_loses_a_wake_up_or_gives_a_place_twice(history: History, depth: int) -> None:
    play_all(history, plans(play(history, {}), depth))


@pytest.mark.slow
@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.thorough
def test_no_pair_of_disturbances_does(history: History) -> None:
    """Every eleventh pair, to be quick."""
    play_all(history, itertools.islice(plans(play(history, {}), 2), 0, None, 11))


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
        world.deliver_end("a")
        world.check_rest()
        assert list(world.working) == ["b"], crash_at


@pytest.mark.parametrize("new_entry", [True, False])
@pytest.mark.parametrize("waits", [True, False])
def test_a_late_event_of_an_end_takes_a_redriven_run_out_of_nothing(waits: bool, new_entry: bool) -> None:
    """Neither out of the queue nor out of its place, whether or not its state counts as entered anew."""
    world = World(1)
    for name in ("a", "b"):
        world.start(name)
    world.end("a")
    world.redrive("a", new_entry)
    if not waits:
        world.end("b")
    world.deliver_end("a")
    assert list(world.working) == ["b" if waits else "a"]
    assert set(world.table.runs) == set(world.alive)


def test_an_end_whose_event_comes_only_after_the_redrive_frees_no_place_of_the_run() -> None:
    world = World(1)
    for name in ("a", "b"):
        world.start(name)
    world.stop("a")
    world.redrive("a", new_entry=False)
    world.deliver_end("a")
    assert list(world.working) == ["a"]
    world.check_rest()


@pytest.mark.parametrize("new_entry", [True, False])
@pytest.mark.parametrize("waits", [True, False])
def test_a_redrive_that_step_functions_does_not_show_yet_takes_a_run_out_of_nothing(
    waits: bool, new_entry: bool
) -> None:
    """The run has not left the queue: the event of its end comes only now."""
    world = World(1)
    for name in ("b", "a") if waits else ("a", "b"):
        world.start(name)
    world.stop("a")
    world.redrive("a", new_entry)
    world.stale = True
    world.deliver_end("a")
    assert not world.stale
    assert list(world.working) == ["b" if waits else "a"]
    world.check_rest()


def test_a_run_whose_redrive_is_not_shown_yet_registers_all_the_same() -> None:
    world = World(1)
    world.start("a")
    world.end("a")
    world.stale = True
    world.redrive("a")
    assert list(world.working) == ["a"]
    world.check_rest()


def test_a_registration_after_the_end_is_removed_by_the_sweep_an_hour_later() -> None:
    """A function was slow, and Step Functions still showed its execution in progress."""
    world = World(1)
    for name in ("a", "b"):
        world.start(name)
    world.end("b")
    world.now += dt.timedelta(seconds=1)
    world.stale = True
    world.places.register(POOL, WaitingRun(run_id="b", since=world.since["b"]), SecretStr("late"))
    world.places.sweep()
    assert "b" in world.table.runs
    world.now += VISIBLE
    world.places.sweep()
    world.check_rest()


def test_without_a_disturbance_the_runs_follow_each_other() -> None:
    world = World(1)
    following(world)
    assert world.began == ["a", "b", "c"]
    assert world.queue().position("c") is None
    world.check_rest()


def test_a_run_that_takes_turns_lets_every_other_through_and_goes_on_at_once_without_others() -> None:
    world = World(1)
    for name in ("a", "b", "c"):
        world.start(name)
    for _ in range(3):
        world.turn("a")
    assert world.began == ["a", "b"]
    world.end("b")
    world.end("c")
    for _ in range(2):
        world.turn("a")
    assert world.began == ["a", "b", "c", "a", "a", "a"]
    world.check_rest()


def test_a_run_whose_wait_between_two_turns_ends_keeps_its_position() -> None:
    """The state's time limit is two days. Then it is entered again, without giving a place away."""
    world = World(1)
    for name in ("a", "b", "c"):
        world.start(name)
    world.turn("a")
    world.start("d")
    world.wait_longer("a")
    assert [run.run_id for run in world.queue().waiting] == ["c", "a", "d"]
    world.end("b")
    world.end("c")
    assert list(world.working) == ["a"]
    world.check_rest()


def test_a_run_that_comes_back_follows_the_others() -> None:
    world = World(1)
    asking(world)
    assert world.began == ["a", "b", "a"]
    world.check_rest()
