"""What a run records of its customization job: `training/job.json`, and `runs/training-<fingerprint>.json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class JobRecord(BaseModel):
    """`training/job.json`. It is written before the job starts, so that a release knows which job to look for.

    Times are ISO 8601 in UTC.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    run_id: str
    trained_by: str = Field(description="the run that started the job: not `run_id` when the job is adopted")
    job_name: str
    recorded_at: str
    fingerprint: str | None = Field(None, description="hash of the data, the base model and the hyperparameters")
    job_arn: str | None = Field(None, description="null until Bedrock has confirmed the job")
    stopped_at: str | None = Field(None, description="when the release of this run stopped the job")
    left_at: str | None = Field(None, description="when a release let the job complete because its training was done")

    @property
    def adopted(self) -> bool:
        """Whether another run started the job."""
        return self.trained_by != self.run_id


class JobUse(BaseModel):
    """An entry of `runs/training-<fingerprint>.json`: one run that uses a job with this fingerprint."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    run_id: str
    trained_by: str
    job_name: str
