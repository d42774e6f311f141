"""What the start function may read of a dataset in an hour, on moto's DynamoDB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from tests.doubles import create_state_table
from tuner.aws.dynamodb.dataset_reads_table import ALL_DATASETS, HOUR, DatasetReadsTable, Full, Read
from tuner.core.errors import RetryableError

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def api() -> Iterator[Any]:
    with mock_aws():
        yield create_state_table()


@pytest.fixture
def reads(api: Any) -> DatasetReadsTable:
    return DatasetReadsTable("state", api, sleep=lambda _: None)


def test_an_hour_has_no_more_than_its_limit_and_the_next_one_begins_with_nothing(reads: DatasetReadsTable) -> None:
    def read(amount: int, minutes: int) -> dt.datetime | None:
        full = reads.reserve([Read("faq", "bytes", amount, 10)], NOON + dt.timedelta(minutes=minutes))
        return full and full.until

    assert read(4, 0) is None
    assert read(6, 30) is None
    assert read(1, 59) == NOON + HOUR
    assert read(10, 61) is None
    assert read(1, 62) == NOON + HOUR + dt.timedelta(minutes=61)


def test_datasets_and_purposes_are_counted_apart(reads: DatasetReadsTable) -> None:
    assert reads.reserve([Read("faq", "bytes", 10, 10)], NOON) is None
    assert reads.reserve([Read("faq", "late files", 1, 1)], NOON) is None
    assert reads.reserve([Read("faq-old", "bytes", 10, 10)], NOON) is None
    more = Read("faq", "bytes", 1, 10)
    assert reads.reserve([more], NOON) == Full(more, NOON + HOUR)


def test_a_read_that_one_of_two_limits_refuses_counts_in_neither(reads: DatasetReadsTable) -> None:
    minutes = dt.timedelta(minutes=10)
    of_all, own = Read(ALL_DATASETS, "bytes", 6, 10, minutes), Read("faq", "bytes", 6, 100)
    assert reads.reserve([own, of_all], NOON) is None
    assert reads.reserve([replace(own, dataset="faq-old"), of_all], NOON) == Full(of_all, NOON + minutes)
    assert reads.reserve([Read("faq-old", "bytes", 100, 100)], NOON) is None
    assert reads.reserve([replace(own, amount=95), replace(of_all, amount=4)], NOON) == Full(
        replace(own, amount=95), NOON + HOUR
    )
    assert reads.reserve([own, replace(of_all, amount=4)], NOON) is None


class Overtaken:
    """A client of DynamoDB. Another function counts before each of the first writes."""

    def __init__(self, api: Any, times: int) -> None:
        self._api, self._left = api, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self._left:
            self._left -= 1
            assert DatasetReadsTable("state", self._api).reserve([Read("faq", "bytes", 1, 1000)], NOON) is None
        return self._api.transact_write_items(**request)


def test_functions_that_count_at_the_same_moment_do_not_pass_the_limit(api: Any) -> None:
    overtaken = DatasetReadsTable("state", Overtaken(api, 3), sleep=lambda _: None)
    one = Read("faq", "bytes", 1, 3)
    assert overtaken.reserve([one], NOON) == Full(one, NOON + HOUR)
    with pytest.raises(RetryableError, match="all the time"):
        DatasetReadsTable("state", Overtaken(api, 100), sleep=lambda _: None).reserve(
            [Read("faq", "bytes", 1, 1000)], NOON
        )
