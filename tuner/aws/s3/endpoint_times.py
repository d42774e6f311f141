"""What earlier runs' endpoints took into service: one small object beside the runs' folders."""

from __future__ import annotations

from tuner.aws.s3.conditional_put import SharedDocument
from tuner.core.artifact_keys import Keys


class EndpointTimes(SharedDocument):
    """Seconds by kind and base model, the latest last."""

    key = Keys.ENDPOINT_TIMES
