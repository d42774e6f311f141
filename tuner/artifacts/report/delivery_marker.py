"""`report/notified.json`: the notification of a report was published."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact
from tuner.artifacts.report.run_summary import RunStatus
from tuner.core.artifact_keys import Keys


class DeliveryMarker(Artifact):
    """Names the report that subscribers know. A later report of the same run has another status or end."""

    NAME: ClassVar[str] = Keys.NOTIFIED

    status: RunStatus
    ended_at: str = Field(description="`ended_at` of the report")
    notified_at: str
