"""Tests of the data bucket: versions, unusual keys, and datasets that stay separate."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tuner.artifacts.manifest import PinnedInput
from tuner.aws.clients import client
from tuner.aws.s3.dataset_bucket import MOST_OBJECTS, DatasetBucket
from tuner.core.errors import AwsError, DatasetError

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
KEY = "incoming/caf\u00e9 100% + 1/training.jsonl"


@pytest.fixture
def dataset_bucket() -> Iterator[DatasetBucket]:
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="data")
        s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="data", Key=KEY, Body=b"first")
        s3.put_object(Bucket="data", Key="incoming/caf\u00e9/training.jsonl", Body=b"other")
        yield DatasetBucket("data", s3)


def test_a_list_has_only_the_files_of_its_dataset(dataset_bucket: DatasetBucket) -> None:
    assert [entry.key for entry in dataset_bucket.list("caf\u00e9 100% + 1")] == [KEY]
    assert dataset_bucket.list("caf") == ()


class ManyObjects:
    """A client of S3 whose folders have a million objects. Counts the pages that are asked for."""

    pages = 0

    def get_paginator(self, _: str) -> "ManyObjects":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for page in range(1000):
            self.pages += 1
            yield {
                "Contents": [
                    {"Key": f"incoming/faq/{page}-{n}", "ETag": "e", "Size": 1, "LastModified": NOON}
                    for n in range(1000)
                ]
            }


def test_a_folder_with_a_million_objects_is_listed_in_a_few_requests_only() -> None:
    """Each upload to the folder has it listed, and two functions start the runs of all datasets."""
    s3 = ManyObjects()
    with pytest.raises(DatasetError, match=r"incoming/faq/ has more than 5,000 objects.*Combine documents"):
        DatasetBucket("data", s3).list("faq")
    assert s3.pages == MOST_OBJECTS // 1000 + 1


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_refused_with_what_to_do(dataset_bucket: DatasetBucket, storage_class: Any) -> None:
    """As an error of AWS, it would be tried for hours, and nobody would tell the data owner."""
    key = "incoming/faq/training.jsonl"
    client("s3").put_object(Bucket="data", Key=key, Body=b"{}", StorageClass=storage_class)
    with pytest.raises(DatasetError, match=r"training\.jsonl is archived in S3.*Restore it"):
        dataset_bucket.hash(key)


def test_a_hashed_version_stays_readable(dataset_bucket: DatasetBucket) -> None:
    listed = dataset_bucket.list("caf\u00e9 100% + 1")[0]
    hashed = dataset_bucket.hash(KEY)
    assert hashed
    assert (hashed.size, hashed.sha256) == (listed.size, hashlib.sha256(b"first").hexdigest())
    client("s3").put_object(Bucket="data", Key=KEY, Body=b"second")
    pinned = PinnedInput(role="training", key=KEY, version_id=hashed.version_id, size=hashed.size, sha256=hashed.sha256)
    assert dataset_bucket.read(pinned) == b"first"
    assert dataset_bucket.hash_version(pinned) == hashed
    assert dataset_bucket.hash_version(pinned.model_copy(update={"size": 4})) is None, "not read: it may be any size"


def test_a_missing_object_is_none_and_a_missing_pinned_version_is_an_error(dataset_bucket: DatasetBucket) -> None:
    client("s3").delete_object(Bucket="data", Key=KEY)
    assert dataset_bucket.hash(KEY) is None
    gone = PinnedInput(role="training", key=KEY, version_id="gone", size=1, sha256="0")
    with pytest.raises(AwsError, match="version gone"):
        dataset_bucket.read(gone)
