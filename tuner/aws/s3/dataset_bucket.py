"""Reads the files of a dataset in the data bucket: `incoming/<dataset>/`."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from tuner.artifacts.manifest import PinnedInput
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.core.errors import DatasetError
from tuner.core.run import INCOMING, shown_folder
from tuner.core.text_sanitizer import shown_name

_CHUNK = 1024 * 1024
# Five requests. Each upload to a folder has it listed, so 50,000 files would keep the functions that start runs busy
# for a day. A run takes about 1,000 files.
MOST_OBJECTS = 5_000


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object in a list. `etag` changes with every upload."""

    key: str
    etag: str
    size: int
    modified: dt.datetime


@dataclass(frozen=True, slots=True)
class HashedObject:
    """The current version of an object, and the hash of its content."""

    version_id: str
    size: int
    sha256: str


class DatasetBucket:
    """Calls: s3:ListBucket below incoming/, s3:GetObject, s3:GetObjectVersion, kms:Decrypt."""

    def __init__(self, bucket: str, api: Any = None) -> None:
        self.bucket = bucket
        self._api = api or client("s3")

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        """The objects of a dataset now, sorted by key.

        Raises DatasetError for a folder with more than MOST_OBJECTS, and lists no more of them.
        """
        prefix = f"{INCOMING}{dataset}/"
        with mapped_errors(f"list s3://{self.bucket}/{prefix}"):
            pages = self._api.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            found = tuple(
                islice(
                    (
                        ListedObject(entry["Key"], entry["ETag"], entry["Size"], entry["LastModified"])
                        for page in pages
                        for entry in page.get("Contents", [])
                    ),
                    MOST_OBJECTS + 1,
                )
            )
        if len(found) > MOST_OBJECTS:
            raise DatasetError(
                f"{shown_folder(dataset)} has more than {MOST_OBJECTS:,} objects, so it is not read. A run takes about "
                "1,000 files. Combine documents into fewer files, or leave some out."
            )
        return found

    def hash(self, key: str) -> HashedObject | None:
        """Hashes the current version of an object, read in chunks; None when it is gone.

        Raises DatasetError for an object that S3 has archived, such as in S3 Glacier.
        """
        # Somebody may have deleted the object after it was listed.
        return self._hashed(key, {})

    def hash_version(self, pinned: PinnedInput) -> HashedObject | None:
        """Hashes the pinned version of an object, read in chunks; None when there is none of this size."""
        return self._hashed(pinned.key, {"VersionId": pinned.version_id}, pinned.size)

    def _hashed(self, key: str, version: Mapping[str, str], size: int | None = None) -> HashedObject | None:
        with mapped_errors(f"read s3://{self.bucket}/{key}"):
            try:
                found = self._api.get_object(Bucket=self.bucket, Key=key, **version)
            except ClientError as error:
                if code_of(error) in {"NoSuchKey", "NoSuchVersion"}:
                    return None
                if code_of(error) == "InvalidObjectState":
                    raise DatasetError(
                        f"{shown_name(key)} is archived in S3, so it cannot be read. Restore it, or upload it again "
                        "with the storage class STANDARD."
                    ) from error
                raise
            if size is not None and found["ContentLength"] != size:
                found["Body"].close()
                return None
            digest = hashlib.sha256()
            for chunk in found["Body"].iter_chunks(_CHUNK):
                digest.update(chunk)
        # The version id comes from the same response as the content, so both belong together.
        return HashedObject(found["VersionId"], found["ContentLength"], digest.hexdigest())

    def read(self, pinned: PinnedInput) -> bytes:
        """The whole content of a small input, at its pinned version."""
        with mapped_errors(f"read s3://{self.bucket}/{pinned.key}, version {pinned.version_id}"):
            found = self._api.get_object(Bucket=self.bucket, Key=pinned.key, VersionId=pinned.version_id)
            body: bytes = found["Body"].read()
            return body
