"""Amazon Bedrock's resources as the adapters return them, and the requests that create them.

This module imports no AWS library, so the stages of a run can use its types without loading boto3.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tuner.artifacts.serving import EndpointKind
from tuner.settings import Commitment, VpcSettings

# Jobs serve nothing, but they cost money while they run, so a release ends them like an endpoint.
PaidKind = EndpointKind | Literal["training", "batch"]
BATCH_HOURS = 24
"""Bedrock ends a batch job after this time: the least that it accepts as a limit."""
_ACTIVE = {
    "training": {"InProgress", "Completing"},
    "batch": {"Submitted", "Validating", "Scheduled", "InProgress"},
}


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """A foundation model as the account sees it in its Region.

    A model that is not `active` is LEGACY: it can be used until `end_of_life`. From `extended_access` on, AWS may
    charge a higher price. Bedrock does not state these two days for every model.
    """

    id: str
    name: str
    active: bool
    end_of_life: dt.datetime | None
    customizations: tuple[str, ...]
    extended_access: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A customization job to start. `name` is also the name of its custom model."""

    name: str
    base_model: str
    role_arn: str
    training_uri: str
    validation_uri: str | None
    output_uri: str
    hyperparameters: Mapping[str, str]
    tags: Mapping[str, str]
    vpc: VpcSettings = field(default_factory=VpcSettings)


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A batch inference job to start. `model` is a model id or an inference profile."""

    name: str
    model: str
    role_arn: str
    input_uri: str
    output_uri: str
    tags: Mapping[str, str]
    vpc: VpcSettings = field(default_factory=VpcSettings)


@dataclass(frozen=True, slots=True)
class Job:
    """A customization job. `status` is InProgress, Completed, Failed, Stopping or Stopped.

    `hyperparameters` are those that the job was started with, as Bedrock returns them.
    """

    arn: str
    name: str
    status: str
    created_at: dt.datetime
    ended_at: dt.datetime | None
    failure: str | None
    custom_model_arn: str | None
    custom_model_name: str
    hyperparameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomModel:
    """A custom model of the account."""

    arn: str
    name: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """An endpoint to create. `model_units` and `commitment` apply to provisioned throughput only."""

    name: str
    custom_model_arn: str
    model_units: int
    commitment: Commitment | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PaidResource:
    """A resource that costs money while it exists: an endpoint of either kind, or a job in progress.

    The `status` of an endpoint is Creating, InService or Failed, for both kinds. The status of a job is Bedrock's own.
    A customization job may also be Completing: the job is in progress, but its training is done. Bedrock then charges
    nothing more, and the custom model is about to appear.
    """

    kind: PaidKind
    arn: str
    name: str
    status: str
    created_at: dt.datetime
    model_units: int | None = None
    commitment: Commitment | None = None
    committed_until: dt.datetime | None = None
    failure: str | None = None
    base_model: str | None = None
    model_arn: str | None = None

    @property
    def completing(self) -> bool:
        """Whether this is a job whose training is done: to stop it would save nothing and lose the model."""
        return self.kind == "training" and self.status == "Completing"

    @property
    def is_job(self) -> bool:
        """Whether this is a job of customization or batch inference, and no endpoint."""
        return self.kind in _ACTIVE

    @property
    def has_ended(self) -> bool:
        """Whether this is a job that has ended or is stopping: nothing is left to release."""
        return self.is_job and self.status not in _ACTIVE[self.kind]
