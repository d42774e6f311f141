"""Reads and writes `runs/training-<fingerprint>.json`: the runs that train with the same content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuner.artifacts.training import JobUse, JobUses
from tuner.aws.clients import client
from tuner.aws.s3.conditional_put import SharedObject
from tuner.core.artifact_keys import Keys

# A run looks at ten jobs at most, and runs older than the newest 50 have ended.
_MOST = 50


class TrainingIndex:
    """The lists in the artifacts bucket. Calls: s3:ListBucket, s3:GetObject, s3:PutObject."""

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._bucket = bucket
        self._s3 = s3 or client("s3")

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        """The runs, the newest last, and the version of the list; None when there is none yet."""
        data, version = self._object(fingerprint).read()
        return (JobUses.model_validate_json(data).root if data else ()), version

    def write(self, fingerprint: str, uses: Sequence[JobUse], version: str | None) -> bool:
        """Replaces the list of this version with its newest entries. False when another run wrote it meanwhile."""
        document = JobUses(tuple(uses[-_MOST:]))
        return self._object(fingerprint).write(document.model_dump_json(indent=2).encode() + b"\n", version)

    def _object(self, fingerprint: str) -> SharedObject:
        return SharedObject(self._bucket, Keys.training(fingerprint), self._s3)
