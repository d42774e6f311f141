"""The ledger of spending: its transactions, on moto's DynamoDB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.doubles import create_state_table
from tests.examples import examples
from tuner.artifacts.costs.ledger import Ceilings, LedgerEntry
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.core.errors import RetryableError

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
DECEMBER = dt.datetime(2026, 12, 1, 0, 0, 1, tzinfo=dt.UTC)
CEILINGS = Ceilings(deployment=Decimal(100), dataset=Decimal(60))


@pytest.fixture
def api() -> Iterator[Any]:
    with mock_aws():
        yield create_state_table()


@pytest.fixture
def ledger(api: Any) -> LedgerTable:
    return LedgerTable("state", api, sleep=lambda _: None)


def reserve(ledger: LedgerTable, run: str, usd: float, dataset: str = "faq", at: dt.datetime = NOON) -> LedgerEntry:
    return ledger.reserve(run, dataset, Decimal(str(usd)), CEILINGS, at)


def committed(ledger: LedgerTable, dataset: str = "faq", month: str = "2026-11") -> tuple[Decimal, Decimal]:
    return ledger.committed(month), ledger._committed(month, f"dataset#{dataset}")


@pytest.mark.slow
def test_reservations_add_up_to_the_ceiling_and_not_beyond_it_unasked(ledger: LedgerTable) -> None:
    assert reserve(ledger, "a-1", 50.5).passed == ()
    assert reserve(ledger, "a-2", 9.5).passed == (), "the ceiling itself may be reached"
    assert reserve(ledger, "a-3", 0.01).passed == ("dataset",)
    assert reserve(ledger, "b-1", 39.99, "legal").passed == ()
    assert reserve(ledger, "b-2", 21, "legal").passed == ("deployment", "dataset")
    assert committed(ledger) == (Decimal("121.00"), Decimal("60.01"))


def test_a_run_that_is_larger_than_a_ceiling_is_asked_for_in_an_empty_month(ledger: LedgerTable) -> None:
    assert reserve(ledger, "a-1", 61).passed == ("dataset",)
    assert reserve(ledger, "b-1", 101, "legal").passed == ("deployment", "dataset")


def test_without_ceilings_everything_is_counted_and_nobody_is_asked(ledger: LedgerTable) -> None:
    assert ledger.reserve("a-1", "faq", Decimal(10**6), Ceilings(), NOON).passed == ()
    assert committed(ledger) == (10**6, 10**6)


def test_a_repeated_reservation_counts_once_and_can_only_grow(ledger: LedgerTable) -> None:
    for usd in (20, 20, 10):
        assert reserve(ledger, "a-1", usd).reserved_usd == 20
    assert reserve(ledger, "a-1", 30).reserved_usd == 30
    assert committed(ledger) == (30, 30)
    assert reserve(ledger, "a-1", 70).passed == ("dataset",)
    assert reserve(ledger, "a-1", 70).passed == ("dataset",), "a retry is answered in the same way"


def test_a_run_counts_in_the_month_of_its_first_reservation(ledger: LedgerTable) -> None:
    reserve(ledger, "a-1", 20)
    reserve(ledger, "a-1", 25, at=DECEMBER)
    ledger.settle("a-1", "faq", Decimal(5), DECEMBER)
    assert committed(ledger) == (5, 5)
    assert committed(ledger, month="2026-12") == (0, 0)
    assert reserve(ledger, "a-2", 60, at=DECEMBER).passed == (), "a new month begins with nothing"


def test_the_end_of_a_run_replaces_its_reservation_however_often_it_is_delivered(ledger: LedgerTable) -> None:
    reserve(ledger, "a-1", 20)
    for _ in range(3):
        entry = ledger.settle("a-1", "faq", Decimal("7.25"), NOON)
        assert entry
        assert (entry.spent_usd, entry.version) == (Decimal("7.25"), 2)
    assert committed(ledger) == (Decimal("7.25"), Decimal("7.25"))
    ledger.settle("a-1", "faq", Decimal(9), NOON)
    assert committed(ledger) == (9, 9), "a corrected report counts instead"


def test_an_unknown_amount_keeps_what_is_there(ledger: LedgerTable) -> None:
    reserve(ledger, "a-1", 20)
    for _ in range(2):
        ledger.settle("a-1", "faq", None, NOON)
        assert committed(ledger) == (20, 20)
    ledger.settle("a-1", "faq", Decimal(3), NOON)
    ledger.settle("a-1", "faq", None, NOON)
    assert committed(ledger) == (3, 3)


def test_a_run_that_ended_is_not_reserved_again(ledger: LedgerTable) -> None:
    reserve(ledger, "a-1", 20)
    ledger.settle("a-1", "faq", Decimal(1), NOON)
    assert not reserve(ledger, "a-1", 40).is_open
    assert committed(ledger) == (1, 1)


def test_a_run_without_a_reservation_is_entered_if_it_spent_anything(ledger: LedgerTable) -> None:
    assert ledger.settle("a-1", "faq", Decimal(0), NOON) is None
    assert ledger.settle("a-2", "faq", None, NOON) is None
    ledger.settle("a-3", "faq", Decimal(4), NOON)
    assert [entry.run_id for entry in ledger.entries("2026-11")] == ["a-3"]
    assert committed(ledger) == (4, 4)


def test_open_entries_are_those_of_a_year(ledger: LedgerTable) -> None:
    for months in (0, 1, 12, 13):
        reserve(ledger, f"a-{months}", 1, at=NOON - dt.timedelta(days=months * 30.4))
    reserve(ledger, "ended", 1)
    ledger.settle("ended", "faq", Decimal(1), NOON)
    assert [entry.run_id for entry in ledger.open_entries(NOON)] == ["a-0", "a-1", "a-12"]


class Busy:
    """Answers every transaction with a conflict."""

    def transact_write_items(self, **_: Any) -> None:
        response = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
        }
        raise ClientError(response, "TransactWriteItems")

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}


def test_a_table_that_stays_busy_is_tried_again_by_the_state_machine() -> None:
    waits: list[float] = []
    with pytest.raises(RetryableError, match="busy"):
        reserve(LedgerTable("state", Busy(), waits.append), "a-1", 1)
    assert len(waits) == 12


class Crash(Exception):
    """The function ends here."""


@dataclass
class Interrupted:
    """The table, with something that happens at each of its calls: another writer's whole operation, or a crash."""

    api: Any
    happens: Iterator[str | Callable[[], object]]
    inside: bool = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.api, name)
        if name not in ("get_item", "transact_write_items"):
            return method

        def call(**parameters: Any) -> Any:
            event = "go on" if self.inside else next(self.happens, "go on")
            if callable(event):
                self.inside = True
                event()
                self.inside = False
            if event == "crash before":
                raise Crash
            reply = method(**parameters)
            if event == "crash after":
                raise Crash
            return reply

        return call


RUNS = {"a-1": "faq", "a-2": "faq", "b-1": "legal"}
AMOUNTS = st.sampled_from([1, 30, 45, 61])
OPERATIONS = st.one_of(
    st.tuples(st.just("reserve"), st.sampled_from(sorted(RUNS)), AMOUNTS),
    st.tuples(st.just("settle"), st.sampled_from(sorted(RUNS)), st.none() | st.integers(0, 1)),
)
EVENTS = st.one_of(st.just("go on"), st.sampled_from(["crash before", "crash after"]), OPERATIONS)


@pytest.mark.slow
@example(work=[("reserve", "a-2", 61)], events=["go on", "go on", ("reserve", "a-1", 45)])
@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(work=st.lists(OPERATIONS, min_size=1, max_size=5), events=st.lists(EVENTS, max_size=12))
def test_no_interleaving_and_no_crash_counts_a_run_twice_or_loses_it(
    api: Any, work: list[tuple[str, str, Any]], events: list[Any]
) -> None:
    for item in api.scan(TableName="state")["Items"]:
        api.delete_item(TableName="state", Key={"pk": item["pk"], "sk": item["sk"]})

    def call(operation: tuple[str, str, Any]) -> object:
        kind, run, usd = operation
        if kind == "reserve":
            return reserve(interrupted, run, usd, RUNS[run])
        return interrupted.settle(run, RUNS[run], None if usd is None else Decimal(usd), NOON)

    happens = iter([event if isinstance(event, str) else partial(call, event) for event in events])
    interrupted = LedgerTable("state", Interrupted(api, happens), sleep=lambda _: None)
    for operation in work:
        for _ in range(len(events) + 1):
            try:
                call(operation)
            except Crash:
                _check(LedgerTable("state", api))
                continue
            break
        _check(LedgerTable("state", api))
        reserved = [each for each in LedgerTable("state", api).entries("2026-11") if each.run_id == operation[1]]
        assert reserved or operation[0] == "settle", "what has been answered is in the ledger"


def _check(ledger: LedgerTable) -> None:
    """Each run counts once, in the sums too; what nobody was asked for is within the ceilings."""
    entries = ledger.entries("2026-11")
    assert len({entry.run_id for entry in entries}) == len(entries)
    assert ledger.committed("2026-11") == sum(entry.usd for entry in entries)
    assert sum(entry.usd for entry in entries if "deployment" not in entry.passed) <= 100
    for dataset in set(RUNS.values()):
        of_it = [entry for entry in entries if entry.dataset == dataset]
        assert ledger._committed("2026-11", f"dataset#{dataset}") == sum(entry.usd for entry in of_it)
        assert sum(entry.usd for entry in of_it if "dataset" not in entry.passed) <= 60
