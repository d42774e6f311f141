"""`batch/<contestant>/job.json`: the batch job that asks a contestant the evaluation questions."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact
from tuner.artifacts.evaluation.contestants import ContestantName

INPUT, OUTPUT = "input.jsonl", "output/"
"""The requests of a job, and the folder of what Bedrock writes: beside its record."""


class BatchJob(Artifact):
    """Written before the job is started, so that no job is without a record. Times are ISO 8601 in UTC."""

    NAME: ClassVar[str] = "job.json"

    contestant: ContestantName
    job_name: str
    records: int = Field(description="questions in the job, once for each of their answers")
    recorded_at: str
    job_arn: str | None = Field(None, description="null until Bedrock has accepted the job")
    ended_at: str | None = Field(None, description="when its answers were collected, or it was found to have none")
    answered: int = 0
    problem: str | None = Field(None, description="why answers are missing, which are then asked for on demand")

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be collected from the job any more."""
        return self.ended_at is not None
