"""`preflight.json`: what the AWS account allows the run, asked before it spends anything."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact
from tuner.core.artifact_keys import Keys


class Preflight(Artifact):
    """`preflight.json`. A quota that Service Quotas does not know is None."""

    NAME: ClassVar[str] = Keys.PREFLIGHT

    warnings: tuple[str, ...] = ()
    customization_jobs: float | None = Field(None, description="quota of customization jobs in progress")
    judge_requests_per_minute: float | None = Field(None, description="quota of requests to the judge")
    judge_tokens_per_minute: float | None = Field(None, description="quota of the judge's input and output tokens")
