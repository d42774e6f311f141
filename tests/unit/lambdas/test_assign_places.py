"""Tests of the function that keeps the queue for places: its events, on moto's table, with doubles of executions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from aws_lambda_powertools.utilities.parser.exceptions import InvalidModelTypeError
from moto import mock_aws
from pydantic import ValidationError

from lambdas import assign_places
from tests.doubles import create_state_table
from tests.unit.lambdas.steps import invoke
from tuner.aws.dynamodb.run_queue_table import PlacesTable
from tuner.aws.executions import Execution
from tuner.core.errors import RetryableError

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
STOPPED = NOON + dt.timedelta(minutes=30, milliseconds=250)


class Executions:
    """All runs are in progress but those in `ended`. `continued` are the tokens that were accepted."""

    ended: ClassVar[set[str]] = set()
    continued: ClassVar[list[str]] = []
    redriven: ClassVar[dict[str, dt.datetime]] = {}
    now: ClassVar[dt.datetime]

    def __init__(self, arn: str) -> None: ...

    def find(self, name: str) -> Execution:
        return Execution("ABORTED" if name in self.ended else "RUNNING", NOON, stopped_at=STOPPED)

    def redriven_since(self, name: str, at: dt.datetime) -> bool:
        return name in self.redriven and self.redriven[name] > at

    def running(self) -> list[str]:
        return []

    def succeed(self, token: str) -> bool:
        self.continued.append(token)
        return True


@pytest.fixture
def table(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlacesTable]:
    monkeypatch.setenv("DEPLOYMENT", '{"preparation_places": 1, "training_places": 2}')
    monkeypatch.setenv("STATE_TABLE", "state")
    monkeypatch.setattr(assign_places, "Executions", Executions)
    places = assign_places.places
    monkeypatch.setattr(assign_places, "places", lambda env: replace(places(env), clock=lambda: Executions.now))
    Executions.ended, Executions.continued, Executions.redriven, Executions.now = set(), [], {}, NOON
    with mock_aws():
        create_state_table()
        yield PlacesTable("state")


# Of the members of the event, those that AWS's documentation shows:
# https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html
END_OF_A = {
    "name": "a",
    "status": "ABORTED",
    "executionArn": "arn",
    "startDate": round(STOPPED.timestamp() * 1000) - 5000,
    "stopDate": round(STOPPED.timestamp() * 1000),
}


def wait(run: str, pool: str, **members: Any) -> None:
    since = f"2026-11-28T12:00:{len(Executions.continued):02}.000Z"
    waiting = {"run_id": run, "pool": pool, "since": since, "task_token": f"{run} {pool}", **members}
    invoke(assign_places, waiting=waiting)


def test_a_run_gets_its_place_and_the_next_one_gets_it_afterwards(table: PlacesTable) -> None:
    wait("a", "preparation")
    wait("b", "preparation")
    assert Executions.continued == ["a preparation"]
    wait("a", "training", most=None)
    assert Executions.continued == ["a preparation", "b preparation", "a training"]
    assert [run.run_id for run in table.state("preparation").holders] == ["b"]


def test_a_run_that_waits_for_a_person_leaves_its_place_and_waits_again_after_the_approval(table: PlacesTable) -> None:
    leaving = {"run_id": "a", "pool": "preparation", "since": "2026-11-28T12:00:30.000Z"}
    wait("a", "preparation")
    wait("b", "preparation")
    invoke(assign_places, leaving=leaving)
    assert Executions.continued == ["a preparation", "b preparation"]
    wait("a", "preparation", since="2026-11-28T12:01:00.000Z", task_token="a again")
    assert Executions.continued == ["a preparation", "b preparation"]
    invoke(assign_places, leaving=leaving)
    wait("b", "training")
    assert Executions.continued == ["a preparation", "b preparation", "a again", "b training"]


def test_a_run_gives_its_place_away_between_two_turns_and_gets_it_again_after_the_others(table: PlacesTable) -> None:
    wait("a", "preparation")
    wait("b", "preparation")
    turn = {"since": "2026-11-28T12:05:00.000Z", "task_token": "a again", "again": True}
    for _ in range(2):  # a repeated call changes nothing
        wait("a", "preparation", **turn)
        assert Executions.continued == ["a preparation", "b preparation"]
    wait("b", "training")
    wait("a", "preparation", **turn)
    assert Executions.continued[2:] == ["a again", "b training", "a again"]
    assert [run.run_id for run in table.state("preparation").holders] == ["a"]


def test_a_late_call_of_the_training_does_not_free_a_place_that_is_newer(table: PlacesTable) -> None:
    wait("a", "preparation", since="2026-11-28T12:01:00.000Z")
    wait("a", "training", since="2026-11-28T12:00:00.000Z")
    assert [run.run_id for run in table.state("preparation").holders] == ["a"]


def test_the_end_of_an_execution_frees_its_places_whatever_its_event_says_more(table: PlacesTable) -> None:
    wait("a", "training", most=1.0)
    wait("b", "training", most=1.0)
    assert Executions.continued == ["a training"]
    invoke(assign_places, detail=END_OF_A, source="aws.states")
    assert Executions.continued == ["a training", "b training"]


@pytest.mark.parametrize("redriven", [True, False])
def test_a_late_event_of_an_end_leaves_a_redriven_run_in_its_place(table: PlacesTable, redriven: bool) -> None:
    wait("a", "training")
    if redriven:  # before the first event came: the run keeps its position, and the time at which it got it
        Executions.redriven = {"a": STOPPED + dt.timedelta(minutes=1)}
    else:  # DescribeExecution lags behind, but the run has entered the queue again
        wait("b", "training", since="2026-11-28T13:00:00.000Z")
    invoke(assign_places, detail=END_OF_A)
    invoke(assign_places, detail=END_OF_A | {"name": "b"})
    assert [run.run_id for run in table.state("training").holders] == (["a"] if redriven else ["b"])


def test_a_late_event_of_an_end_leaves_a_run_that_has_registered_since_then(table: PlacesTable) -> None:
    """DescribeExecution does not show the redrive yet, and the run had not left the queue."""
    wait("a", "training")
    Executions.now = STOPPED + dt.timedelta(minutes=1)
    wait("a", "training", task_token="after the redrive")
    invoke(assign_places, detail=END_OF_A)
    assert [run.run_id for run in table.state("training").holders] == ["a"]


def test_a_run_whose_execution_seems_to_have_ended_tries_again(table: PlacesTable) -> None:
    """If somebody has redriven it, Step Functions repeats the call, and shows the redrive by then."""
    Executions.ended = {"a"}
    with pytest.raises(RetryableError, match="has ended"):
        wait("a", "training")
    assert table.waiting("training") == ()


def test_the_sweep_frees_the_places_of_runs_whose_end_event_was_lost(table: PlacesTable) -> None:
    wait("a", "preparation")
    wait("b", "preparation")
    Executions.ended = {"a"}
    invoke(assign_places, sweep=True)
    assert Executions.continued == ["a preparation", "b preparation"]


def test_an_error_about_the_event_does_not_show_the_token() -> None:
    waiting = {"run_id": "A WRONG ID", "pool": "training", "since": "now", "task_token": "secret"}
    with pytest.raises((ValidationError, InvalidModelTypeError)) as caught:
        invoke(assign_places, waiting=waiting)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("event", [{}, {"sweep": True, "detail": END_OF_A}])
def test_an_event_says_one_thing(event: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, InvalidModelTypeError), match="give one of"):
        invoke(assign_places, **event)
