"""The index of all runs is replaced only by who has seen its latest version."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.unit.aws.stubs import stubbed
from tuner.aws.s3.run_index import RunIndex
from tuner.core.errors import AccessDeniedError

INDEX = {"Bucket": "artifacts", "Key": "runs/index.json", "Body": b"{}", "ContentType": "application/json"}


@pytest.fixture
def run_index() -> Iterator[RunIndex]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        yield RunIndex("artifacts", s3)


def test_what_another_wrote_meanwhile_is_not_overwritten(run_index: RunIndex) -> None:
    assert run_index.read_index() == (None, None)
    assert run_index.write_index(b"first", None)
    assert not run_index.write_index(b"first as well", None)
    data, version = run_index.read_index()
    assert data == b"first"
    assert run_index.write_index(b"second", version)
    assert not run_index.write_index(b"second as well", version)
    assert run_index.read_index()[0] == b"second"


def test_the_page_is_there_or_not(run_index: RunIndex) -> None:
    assert run_index.read_page() is None
    run_index.write_page(b"<html>")
    assert run_index.read_page() == b"<html>"


@pytest.mark.parametrize("answer", ["PreconditionFailed: no", "ConditionalRequestConflict: no", "NoSuchKey: gone"])
def test_every_way_to_be_overtaken_is_told(answer: str) -> None:
    with stubbed("s3", ("put_object", {**INDEX, "IfMatch": '"1"'}, answer)) as api:
        assert not RunIndex("artifacts", api).write_index(b"{}", '"1"')


def test_a_missing_permission_is_no_overtaking() -> None:
    with (
        stubbed("s3", ("put_object", {**INDEX, "IfNoneMatch": "*"}, "AccessDenied: no")) as api,
        pytest.raises(AccessDeniedError, match=r"runs/index\.json"),
    ):
        RunIndex("artifacts", api).write_index(b"{}", None)
