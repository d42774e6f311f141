"""What the start function may read of a dataset in an hour, on moto's DynamoDB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.doubles import create_state_table
from tuner.aws.dynamodb.dataset_reads_table import HOUR, DatasetReadsTable
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
        return reads.reserve("faq", "bytes", amount, 10, NOON + dt.timedelta(minutes=minutes))

    assert read(4, 0) is None
    assert read(6, 30) is None
    assert read(1, 59) == NOON + HOUR
    assert read(10, 61) is None
    assert read(1, 62) == NOON + HOUR + dt.timedelta(minutes=61)


def test_datasets_and_purposes_are_counted_apart(reads: DatasetReadsTable) -> None:
    assert reads.reserve("faq", "bytes", 10, 10, NOON) is None
    assert reads.reserve("faq", "late files", 1, 1, NOON) is None
    assert reads.reserve("faq-old", "bytes", 10, 10, NOON) is None
    assert reads.reserve("faq", "bytes", 1, 10, NOON) == NOON + HOUR


class Overtaken:
    """A client of DynamoDB. Another function counts before each of the first writes."""

    def __init__(self, api: Any, times: int) -> None:
        self._api, self._left = api, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self._left:
            self._left -= 1
            assert DatasetReadsTable("state", self._api).reserve("faq", "bytes", 1, 1000, NOON) is None
        return self._api.transact_write_items(**request)


def test_functions_that_count_at_the_same_moment_do_not_pass_the_limit(api: Any) -> None:
    overtaken = DatasetReadsTable("state", Overtaken(api, 3), sleep=lambda _: None)
    assert overtaken.reserve("faq", "bytes", 1, 3, NOON) == NOON + HOUR
    with pytest.raises(RetryableError, match="all the time"):
        DatasetReadsTable("state", Overtaken(api, 100), sleep=lambda _: None).reserve("faq", "bytes", 1, 1000, NOON)
