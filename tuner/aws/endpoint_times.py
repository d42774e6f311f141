"""What earlier runs' endpoints took into service: one small object beside the runs' folders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.aws.clients import client
from tuner.aws.shared import replace
from tuner.aws.translate import translated
from tuner.run import Keys


class EndpointTimes:
    """Seconds by kind and base model, the latest last."""

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._bucket = bucket
        self._s3 = s3 or client("s3")

    def read(self) -> tuple[dict[str, list[float]], str | None]:
        """Everything that is remembered, and its version; None when there is nothing yet."""
        with translated(f"read s3://{self._bucket}/{Keys.ENDPOINT_TIMES}"):
            # Asked by listing, as runs' folders are.
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=Keys.ENDPOINT_TIMES, MaxKeys=1)
            if not listed.get("Contents"):
                return {}, None
            found = self._s3.get_object(Bucket=self._bucket, Key=Keys.ENDPOINT_TIMES)
            times: dict[str, list[float]] = json.loads(found["Body"].read())
        return times, found["ETag"]

    def write(self, times: Mapping[str, Sequence[float]], version: str | None) -> bool:
        """Replaces what is of this version; False when another run wrote meanwhile."""
        body = json.dumps(times, indent=2).encode() + b"\n"
        return replace(self._s3, self._bucket, Keys.ENDPOINT_TIMES, body, version)
