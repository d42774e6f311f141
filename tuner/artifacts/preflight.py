"""`preflight.json`: what the AWS account allows the run, asked before it spends anything."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.core.artifact_keys import Keys


class JudgeQuotas(Part):
    """The quotas of one judge."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Preflight(Artifact):
    """`preflight.json`. A quota that Service Quotas does not know is None."""

    NAME: ClassVar[str] = Keys.PREFLIGHT

    warnings: tuple[str, ...] = ()
    customization_jobs: float | None = Field(None, description="quota of customization jobs in progress")
    judge_requests_per_minute: float | None = Field(None, description="quota of requests to the judge")
    judge_tokens_per_minute: float | None = Field(None, description="quota of the judge's input and output tokens")
    more_judges: dict[str, JudgeQuotas] = Field(
        default_factory=dict, description="of several judges: the quotas of all but the first, by model"
    )

    batch_minimums: dict[str, int] = Field(
        default_factory=dict, description="least records of a batch job, by the id that is asked; no entry: not known"
    )

    def of_judge(self, model: str) -> Preflight:
        """The same with the quotas of this judge as those of the judge."""
        if model not in self.more_judges:
            return self
        quotas = self.more_judges[model]
        return self.model_copy(
            update={
                "judge_requests_per_minute": quotas.requests_per_minute,
                "judge_tokens_per_minute": quotas.tokens_per_minute,
            }
        )
