"""Reads and writes `runs/endpoint-times.json`: how long earlier endpoints took into service."""

from __future__ import annotations

from typing import Any

from tuner.artifacts.serving import EndpointTimes
from tuner.aws.s3.conditional_put import SharedObject
from tuner.core.artifact_keys import Keys


class EndpointTimesStore:
    """The durations in the artifacts bucket."""

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._object = SharedObject(bucket, Keys.ENDPOINT_TIMES, s3)

    def read(self) -> tuple[EndpointTimes, str | None]:
        """The durations and the version of the document; None when there is none yet."""
        data, version = self._object.read()
        return (EndpointTimes.model_validate_json(data) if data else EndpointTimes()), version

    def write(self, times: EndpointTimes, version: str | None) -> bool:
        """Replaces the document of this version. False when another run wrote it meanwhile."""
        return self._object.write(times.model_dump_json(indent=2).encode() + b"\n", version)
