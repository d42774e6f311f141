"""Tests of streams from and to S3: interrupted reads continue, and objects are written completely or not at all."""

from __future__ import annotations

import io

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from moto import mock_aws

from tuner.aws.clients import client
from tuner.aws.s3.objects import ObjectSink, ObjectSource
from tuner.core.errors import AwsError, RetryableError
from tuner.datasets.io import CommitTogether

PART = 8 * 2**20


@pytest.fixture
def s3():
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        yield s3


def test_reads_the_pinned_version(s3):
    version = s3.put_object(Bucket="bucket", Key="a/training.jsonl", Body=b"first")["VersionId"]
    s3.put_object(Bucket="bucket", Key="a/training.jsonl", Body=b"second")
    source = ObjectSource("bucket", "a/training.jsonl", version, s3)
    assert (source.name, b"".join(source.chunks())) == ("training.jsonl", b"first")


def test_reads_an_empty_object(s3):
    s3.put_object(Bucket="bucket", Key="empty", Body=b"")
    assert b"".join(ObjectSource("bucket", "empty", s3=s3).chunks()) == b""


def test_the_error_of_a_missing_object_names_it(s3):
    with pytest.raises(AwsError, match="s3://bucket/none"):
        list(ObjectSource("bucket", "none", s3=s3).chunks())


class _Breaking:
    """Gives each body's bytes up to a place, and then breaks the connection, so many times."""

    def __init__(self, s3, after: int, times: int) -> None:
        self._s3, self._after, self._times = s3, after, times

    def get_object(self, **asked):
        answer = self._s3.get_object(**asked)
        if self._times:
            self._times -= 1
            data = answer["Body"].read()[: self._after]
            answer["Body"] = _BrokenBody(io.BytesIO(data), None)
        return answer


class _BrokenBody(StreamingBody):
    def iter_chunks(self, size):
        yield self.read()
        raise ReadTimeoutError(endpoint_url="s3")


@pytest.mark.parametrize("after", [0, 1, 700_000])
def test_a_read_continues_after_a_broken_connection(s3, after):
    data = bytes(range(256)) * 10_000
    s3.put_object(Bucket="bucket", Key="key", Body=data)
    assert b"".join(ObjectSource("bucket", "key", s3=_Breaking(s3, after, 3)).chunks()) == data


def test_a_connection_that_keeps_breaking_is_a_retryable_error(s3):
    s3.put_object(Bucket="bucket", Key="key", Body=b"x" * 100)
    with pytest.raises(RetryableError, match="s3://bucket/key"):
        list(ObjectSource("bucket", "key", s3=_Breaking(s3, 1, 99)).chunks())


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 10, PART - 1, PART, PART + 1, 2 * PART + 5])
def test_an_object_is_visible_only_after_the_commit(s3, size):
    sink = ObjectSink("bucket", "key", s3=s3)
    data = bytes(size)
    for start in range(0, size, 3 * 2**20):
        sink.write(data[start : start + 3 * 2**20])
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    sink.commit()
    sink.discard()
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == data


@pytest.mark.parametrize("size", [10, 2 * PART])
def test_a_discarded_object_leaves_no_parts(s3, size):
    sink = ObjectSink("bucket", "key", s3=s3)
    sink.write(bytes(size))
    sink.discard()
    sink.discard()
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


class _Failing:
    """S3 that fails the `at`-th time that `call` is made."""

    def __init__(self, s3, call, at):
        self._s3 = s3
        self._call = call
        self._left = at

    def __getattr__(self, name):
        if name == self._call:
            self._left -= 1
            if not self._left:
                raise ReadTimeoutError(endpoint_url="s3")
        return getattr(self._s3, name)


@pytest.mark.slow
@pytest.mark.parametrize(("call", "at"), [("upload_part", 1), ("upload_part", 3), ("complete_multipart_upload", 1)])
def test_an_interrupted_upload_leaves_no_object(s3, call, at):
    s3.put_object(Bucket="bucket", Key="key", Body=b"the earlier dataset")
    sink = ObjectSink("bucket", "key", s3=_Failing(s3, call, at))
    with pytest.raises(RetryableError, match="s3://bucket/key"), CommitTogether(sink):
        for _ in range(3):
            sink.write(bytes(PART + 1))
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == b"the earlier dataset"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError, ValueError])
def test_a_writer_that_is_interrupted_leaves_no_object_and_no_parts(s3, interruption):
    training, validation = ObjectSink("bucket", "training", s3=s3), ObjectSink("bucket", "validation", s3=s3)
    with pytest.raises(interruption), CommitTogether(validation, training):
        training.write(bytes(2 * PART))
        validation.write(b"small")
        raise interruption
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")
