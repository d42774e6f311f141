"""What earlier runs' endpoints took into service: one small object beside the runs' folders."""

from __future__ import annotations

from tuner.aws.shared import SharedDocument
from tuner.run import Keys


class EndpointTimes(SharedDocument):
    """Seconds by kind and base model, the latest last."""

    key = Keys.ENDPOINT_TIMES
