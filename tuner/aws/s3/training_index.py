"""Which runs train with the same content: one small object for each fingerprint, beside the runs' folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from tuner.artifacts.training import JobUse
from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.aws.s3.conditional_put import replace
from tuner.core.artifact_keys import Keys

_USES = TypeAdapter(tuple[JobUse, ...])
# What a run reads of it is bounded; of older runs none can be running any more.
_MOST = 50


class TrainingIndex:
    """Calls: s3:ListBucket, s3:GetObject, s3:PutObject."""

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._bucket = bucket
        self._s3 = s3 or client("s3")

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        """The runs, the newest last, and the version of the list; None when there is none yet."""
        key = Keys.training(fingerprint)
        with translated(f"read s3://{self._bucket}/{key}"):
            # Asked by listing, as runs' folders are.
            if not self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1).get("Contents"):
                return (), None
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
            return _USES.validate_json(found["Body"].read()), found["ETag"]

    def write(self, fingerprint: str, uses: Sequence[JobUse], version: str | None) -> bool:
        """Replaces the list of this version with its newest entries; False when another run wrote meanwhile."""
        body = _USES.dump_json(tuple(uses[-_MOST:]), indent=2) + b"\n"
        return replace(self._s3, self._bucket, Keys.training(fingerprint), body, version)
