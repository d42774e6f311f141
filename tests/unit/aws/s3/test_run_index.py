"""Tests of the index of all runs: only a writer that has seen the latest version replaces it."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.unit.aws.stubs import stubbed
from tuner.aws.clients import client
from tuner.aws.s3.run_index import RunIndex
from tuner.core.errors import AccessDeniedError

INDEX = {"Bucket": "artifacts", "Key": "runs/index.json", "Body": b"{}", "ContentType": "application/json"}


@pytest.fixture
def run_index() -> Iterator[RunIndex]:
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="artifacts")
        yield RunIndex("artifacts", s3)


def test_an_index_that_another_run_wrote_meanwhile_is_not_replaced(run_index: RunIndex) -> None:
    assert run_index.read_index() == (None, None)
    assert run_index.write_index(b"first", None)
    assert not run_index.write_index(b"first as well", None)
    data, version = run_index.read_index()
    assert data == b"first"
    assert run_index.write_index(b"second", version)
    assert not run_index.write_index(b"second as well", version)
    assert run_index.read_index()[0] == b"second"


def test_a_missing_page_is_none(run_index: RunIndex) -> None:
    assert run_index.read_page() is None
    run_index.write_page(b"<html>")
    assert run_index.read_page() == b"<html>"


@pytest.mark.parametrize("answer", ["PreconditionFailed: no", "ConditionalRequestConflict: no", "NoSuchKey: gone"])
def test_every_error_of_a_conflict_is_recognized(answer: str) -> None:
    with stubbed("s3", ("put_object", {**INDEX, "IfMatch": '"1"'}, answer)) as api:
        assert not RunIndex("artifacts", api).write_index(b"{}", '"1"')


def test_a_missing_permission_is_no_conflict() -> None:
    with (
        stubbed("s3", ("put_object", {**INDEX, "IfNoneMatch": "*"}, "AccessDenied: no")) as api,
        pytest.raises(AccessDeniedError, match=r"runs/index\.json"),
    ):
        RunIndex("artifacts", api).write_index(b"{}", None)
