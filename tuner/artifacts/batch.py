"""`batch/.../job.json`: the batch job that asks a contestant the evaluation questions, or a judge for judgments."""

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

    contestant: ContestantName | None = Field(None, description="whom it asks; null for a judge's job")
    judge: str | None = Field(None, description="the model that it asks as a judge; null for a contestant's job")
    job_name: str
    records: int = Field(0, description="requests in the job: questions once for each of their answers, or judgments")
    recorded_at: str = ""
    job_arn: str | None = Field(None, description="null until Bedrock has accepted the job")
    ended_at: str | None = Field(None, description="when its output was collected, or it was found to have none")
    answered: int = Field(0, description="answers or usable judgments that it gave")
    problem: str | None = Field(None, description="why some are missing, which are then asked for by calls")

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be collected from the job any more."""
        return self.ended_at is not None
