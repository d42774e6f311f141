"""A run's folder in memory, and the run's report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from tests.unit.reporting.sample import RUN, artifacts
from tuner.aws.s3.run_folder import RunFolder
from tuner.reporting import Report, build

AT = datetime(2026, 11, 23, 8, 50, tzinfo=UTC)
BUCKET = "artifacts"
FolderOf = Callable[[Mapping[str, bytes]], RunFolder]


def etag(data: bytes) -> str:
    """An object's version as S3 writes it."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


class Bucket:
    """As much of S3 as a run's folder uses, with nothing to connect to."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []

    def put_object(
        self, *, Key: str, Body: bytes, IfMatch: str | None = None, IfNoneMatch: str | None = None, **_: Any
    ) -> None:
        self.requests.append(f"put {Key}")
        there = self.objects.get(Key)
        if (IfNoneMatch and there is not None) or (IfMatch and (there is None or IfMatch != etag(there))):
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": Key}}, "PutObject")
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        self.requests.append(f"get {Key}")
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        data = self.objects[Key]
        return {"Body": StreamingBody(BytesIO(data), len(data)), "ETag": etag(data)}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, Prefix: str, Delimiter: str = "", **_: Any) -> Iterator[dict[str, Any]]:
        self.requests.append(f"list {Prefix}")
        found = [key for key in self.objects if key.startswith(Prefix)]
        if Delimiter:
            below = {Prefix + key[len(Prefix) :].partition(Delimiter)[0] + Delimiter for key in found}
            yield {"CommonPrefixes": [{"Prefix": name} for name in sorted(below)]}
        else:
            yield {"Contents": [{"Key": key, "LastModified": AT} for key in found]}


@pytest.fixture
def folder_of() -> FolderOf:
    """Puts artifacts into a fresh run's folder."""

    def put(things: Mapping[str, bytes]) -> RunFolder:
        folder = RunFolder(BUCKET, RUN, Bucket())
        for name, data in things.items():
            folder.write(name, data)
        return folder

    return put


@pytest.fixture
def report(folder_of: FolderOf) -> Report:
    """The report of a run that succeeded."""
    return build(folder_of(artifacts()), at=AT)
