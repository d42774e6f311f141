"""What earlier runs' endpoints took into service: one small object beside the runs' folders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.aws.clients import client
from tuner.aws.translate import translated
from tuner.run import Keys


class EndpointTimes:
    """Seconds by kind and base model, the latest last. A hint: who writes last wins."""

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._bucket = bucket
        self._s3 = s3 or client("s3")
        self._address = f"s3://{bucket}/{Keys.ENDPOINT_TIMES}"

    def read(self) -> dict[str, list[float]]:
        """Everything that is remembered."""
        with translated(f"read {self._address}"):
            # Asked by listing, as runs' folders are.
            found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=Keys.ENDPOINT_TIMES, MaxKeys=1)
            if not found.get("Contents"):
                return {}
            times: dict[str, list[float]] = json.loads(
                self._s3.get_object(Bucket=self._bucket, Key=Keys.ENDPOINT_TIMES)["Body"].read()
            )
        return times

    def write(self, times: Mapping[str, Sequence[float]]) -> None:
        """Replaces it."""
        body = json.dumps(times, indent=2).encode() + b"\n"
        with translated(f"write {self._address}"):
            self._s3.put_object(Bucket=self._bucket, Key=Keys.ENDPOINT_TIMES, Body=body, ContentType="application/json")
