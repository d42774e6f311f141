"""The records of the local Bedrock: one immutable record per resource. A change replaces the record."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from local.bedrock.state.account_region import AccountRegion

JobStatus = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]
InvocationStatus = Literal[
    "Submitted", "Validating", "Scheduled", "InProgress", "Completed", "Failed", "Stopping", "Stopped"
]
StageStatus = Literal["NotStarted", "InProgress", "Completed", "Stopping", "Stopped", "Failed"]
Commitment = Literal["OneMonth", "SixMonths"]
Tags = dict[str, str]
BillKind = Literal["provisioned-model", "custom-model-deployment"]


class Record(BaseModel):
    """A resource: `id` is the last part of its ARN, `name` is the name that the user gave it.

    What is kept for the bill is a record too.
    """

    # Frozen: threads read records without the lock, so a change replaces the record in its table.
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    arn: str
    account_region: AccountRegion
    created: datetime
    token: str | None = None
    tags: Tags = {}


class Stage(BaseModel):
    """One of a job's three stages."""

    model_config = ConfigDict(frozen=True)

    status: StageStatus = "NotStarted"
    started: datetime | None = None
    changed: datetime | None = None


class Job(Record):
    """A model customization job."""

    model_name: str
    model_tags: Tags = {}
    role_arn: str
    base_model_id: str
    hyperparameters: dict[str, str]
    training_uri: str
    validation_uri: str | None = None
    output_uri: str
    kms_key: str | None = None
    engine: str
    seed: int
    injected_failure: str = ""
    status: JobStatus = "InProgress"
    validation: Stage = Stage()
    data_processing: Stage = Stage()
    training: Stage = Stage()
    changed: datetime
    ended: datetime | None = None
    failure: str | None = None
    model_arn: str | None = None
    training_loss: float | None = None
    validation_loss: float | None = None
    trained_tokens: int = 0


class InvocationJob(Record):
    """A batch inference job. The counts are of the records in its input."""

    model_id: str
    role_arn: str
    invocation_type: Literal["InvokeModel", "Converse"]
    input_uri: str
    output_uri: str
    timeout_hours: int
    injected_failure: str = ""
    failing_records: int = 0
    status: InvocationStatus = "Submitted"
    changed: datetime
    ended: datetime | None = None
    message: str | None = None
    total: int | None = None
    succeeded: int = 0
    failed: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to the job any more."""
        return self.status in ("Completed", "Failed", "Stopped")


class CustomModel(Record):
    """A custom model, created by a completed job. The folder of the job holds its weights."""

    job_id: str
    job_name: str
    job_arn: str
    base_model_id: str
    hyperparameters: dict[str, str]
    training_uri: str
    validation_uri: str | None
    output_uri: str
    kms_key: str | None
    engine: str
    training_loss: float | None
    validation_loss: float | None


class Endpoint(Record):
    """The common fields of a provisioned throughput and a custom model deployment.

    `ready` is when it is, or will be, InService or Active.
    """

    model_arn: str
    base_model_id: str
    ready: datetime
    changed: datetime
    injected_failure: str = ""


class Throughput(Endpoint):
    """A provisioned model throughput."""

    model_units: int
    commitment: Commitment | None = None
    commitment_ends: datetime | None = None


class Deployment(Endpoint):
    """An on-demand deployment of a custom model."""

    description: str | None = None


class Call(Record):
    """A call of the runtime that a model answered. `arn` is the model id of the request, `name` the operation.

    A record of a batch job is a call with the name `Batch`.
    """

    base_model_id: str
    input_tokens: int
    output_tokens: int


class StoredModel(Record):
    """A custom model for its bill, kept after its deletion."""

    base_model_id: str
    deleted: datetime | None = None


class Bill(Record):
    """The billed time of a throughput or deployment, kept after its deletion."""

    kind: BillKind
    model_arn: str
    base_model_id: str
    model_units: int
    commitment: Commitment | None
    in_service: datetime
    deleted: datetime | None = None
