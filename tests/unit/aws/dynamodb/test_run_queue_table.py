"""The transactions of the queue for places, on moto's DynamoDB."""

import datetime as dt
from collections.abc import Iterator

import pytest
from moto import mock_aws
from pydantic import SecretStr

from tuner.aws.clients import client
from tuner.aws.dynamodb.queue_state import QueuedRun, WaitingRun
from tuner.aws.dynamodb.run_queue_table import PlacesTable

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(minutes=10)


@pytest.fixture
def table() -> Iterator[PlacesTable]:
    with mock_aws():
        api = client("dynamodb")
        api.create_table(
            TableName="state",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield PlacesTable("state", api, sleep=lambda _: None)


def run(number: int) -> WaitingRun:
    return WaitingRun(run_id=f"run-{number}", since=NOON + dt.timedelta(milliseconds=number))


def test_runs_wait_in_the_order_of_their_times(table: PlacesTable) -> None:
    for number in (3, 12, 1):
        table.register("training", run(number), SecretStr("t"), NOON)
    assert table.waiting("training") == (run(1), run(3), run(12))
    assert table.first("training") == run(1)
    assert table.first("preparation") is None


def test_a_place_is_given_once_and_only_while_there_is_one(table: PlacesTable) -> None:
    for number in (1, 2):
        table.register("training", run(number), SecretStr("t"), NOON)
    assert table.admit("training", run(1), 1, NOON) == "admitted"
    assert table.admit("training", run(1), 2, NOON) == "gone"
    assert table.admit("training", run(2), 1, NOON) == "full"
    state = table.state("training")
    assert [(each.run_id, each.admitted_at) for each in state.holders] == [("run-1", NOON)]
    assert table.waiting("training") == (run(2),)


def test_a_run_that_leaves_frees_its_place_and_counts_how_long_it_had_it(table: PlacesTable) -> None:
    for number in (1, 2):
        table.register("training", run(number), SecretStr("t"), NOON)
    table.admit("training", run(1), 1, NOON)
    assert table.leave("training", "run-1", LATER)
    assert not table.leave("training", "run-1", LATER)
    state = table.state("training")
    assert (state.holders, state.kept_seconds, state.kept_count) == ((), 600, 1)
    assert table.admit("training", run(2), 1, LATER) == "admitted"


def test_a_waiting_run_that_leaves_is_not_admitted_any_more(table: PlacesTable) -> None:
    table.register("training", run(1), SecretStr("t"), NOON)
    assert table.leave("training", "run-1", LATER)
    assert table.admit("training", run(1), 1, LATER) == "gone"
    assert table.waiting("training") == ()
    assert table.state("training").kept_count == 0


@pytest.mark.parametrize("has_a_place", [False, True])
def test_a_run_that_registered_again_is_not_removed_by_a_call_for_its_first_registration(
    table: PlacesTable, has_a_place: bool
) -> None:
    again = WaitingRun(run_id="run-1", since=LATER)
    table.register("preparation", run(1), SecretStr("t"), NOON)
    assert table.leave("preparation", "run-1", LATER, run(2).since)
    table.register("preparation", again, SecretStr("u"), NOON)
    if has_a_place:
        table.admit("preparation", again, 1, LATER)
    assert not table.leave("preparation", "run-1", LATER, run(2).since)
    assert table.run("preparation", "run-1")
    assert table.leave("preparation", "run-1", LATER)
    assert (table.run("preparation", "run-1"), table.waiting("preparation")) == (None, ())


def test_a_run_that_registers_again_between_the_read_and_the_write_stays(
    table: PlacesTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = table.run
    again = WaitingRun(run_id="run-1", since=LATER)
    table.register("preparation", run(1), SecretStr("t"), NOON)

    def comes_back(*key: str) -> QueuedRun | None:
        found = read("preparation", "run-1")
        monkeypatch.setattr(table, "run", read)
        table.leave("preparation", "run-1", LATER)
        table.register("preparation", again, SecretStr("u"), NOON)
        return found

    monkeypatch.setattr(table, "run", comes_back)
    assert not table.leave("preparation", "run-1", LATER, run(2).since)
    assert table.waiting("preparation") == (again,)


@pytest.mark.parametrize("has_a_place", [False, True])
def test_a_run_that_has_registered_after_the_end_of_its_execution_stays(table: PlacesTable, has_a_place: bool) -> None:
    """Its execution was redriven. The time at which it entered the queue is still that of the first time."""
    ended = NOON + dt.timedelta(minutes=1)
    table.register("training", run(1), SecretStr("t"), NOON)
    if has_a_place:
        table.admit("training", run(1), 1, NOON)
    table.register("training", run(1), SecretStr("u"), LATER)
    assert not table.leave("training", "run-1", LATER, LATER, ended)
    assert table.run("training", "run-1")
    assert table.leave("training", "run-1", LATER, LATER, LATER)


@pytest.mark.parametrize("has_a_place", [False, True])
def test_a_run_that_gets_another_token_between_the_read_and_the_write_is_read_again(
    table: PlacesTable, monkeypatch: pytest.MonkeyPatch, has_a_place: bool
) -> None:
    read = table.run
    table.register("training", run(1), SecretStr("t"), NOON)
    if has_a_place:
        table.admit("training", run(1), 1, NOON)

    def redriven(*key: str) -> QueuedRun | None:
        found = read("training", "run-1")
        monkeypatch.setattr(table, "run", read)
        table.register("training", run(1), SecretStr("u"), LATER)
        return found

    monkeypatch.setattr(table, "run", redriven)
    assert not table.leave("training", "run-1", LATER, LATER, NOON)
    assert table.run("training", "run-1")


def test_a_second_registration_adds_a_token_and_asks_for_another_waking(table: PlacesTable) -> None:
    table.register("training", run(1), SecretStr("first"), NOON)
    table.admit("training", run(1), 1, NOON)
    before = table.run("training", "run-1")
    assert before
    table.mark_woken("training", before)
    woken = table.run("training", "run-1")
    assert woken and woken.woken
    table.register("training", run(1), SecretStr("second"), NOON)
    found = table.run("training", "run-1")
    assert found
    assert {token.get_secret_value() for token in found.tokens} == {"first", "second"}
    assert (found.woken, found.admitted_at) == (False, NOON)
    table.mark_woken("training", before)
    again = table.run("training", "run-1")
    assert again
    assert not again.woken, "the mark is that of the first token"


def test_the_quota_is_kept_beside_the_holders(table: PlacesTable) -> None:
    assert table.state("training").quota is None
    table.limit("training", 3)
    table.register("training", run(1), SecretStr("t"), NOON)
    table.admit("training", run(1), 1, NOON)
    table.leave("training", "run-1", LATER)
    assert table.state("training").quota == 3
    assert table.state("preparation").quota is None
