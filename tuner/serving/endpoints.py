"""What serves a tuned model: provisioned throughput, or a custom model deployment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from tuner.core.resource_names import Tags, committed_name, resource_name
from tuner.settings import Commitment

Kind = Literal["provisioned", "on_demand"]
# A customization job is no endpoint, and is paid for and released like one.
PaidKind = Literal["provisioned", "on_demand", "training"]


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """An endpoint to create. `model_units` and `commitment` are for provisioned throughput only."""

    name: str
    custom_model_arn: str
    model_units: int
    commitment: Commitment | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is paid for, as Bedrock shows it. `status` is Creating, InService or Failed, for both kinds of endpoint.

    A customization job's is Bedrock's own, or Completing: in progress, with its training done. Nothing is charged for
    any more then, and its model is about to be there.
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
        """Whether it is a job that is left to complete: to stop it would save nothing."""
        return self.kind == "training" and self.status == "Completing"

    @property
    def over(self) -> bool:
        """Whether it is a job that has ended, or is told to stop: nothing is left to release."""
        return self.kind == "training" and self.status not in {"InProgress", "Completing"}


class Releasable(Protocol):
    """One kind of what is paid for while it lasts."""

    @property
    def kind(self) -> PaidKind:
        """Which one."""
        ...

    def list(self, name: str) -> Iterator[Endpoint]:
        """All that last and whose name contains `name`; every one of the account when it is empty."""
        ...

    def get(self, arn: str) -> Endpoint | None:
        """One, or None when it is gone."""
        ...

    def delete(self, arn: str) -> None:
        """Ends one; StillAliveError when Bedrock refuses now."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """Its tags."""
        ...


class Endpoints(Releasable, Protocol):
    """One kind of endpoint."""

    @property
    def kind(self) -> Kind:
        """Which one."""
        ...

    def create(self, request: EndpointRequest) -> str:
        """Creates one and returns its ARN."""
        ...

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags to it; AwsError when it is gone."""
        ...


class EndpointRecord(BaseModel):
    """`serving/endpoint.json`, and `serving/commitment.json` of what is bought after the gate. Times are ISO-8601, UTC.

    `expected_seconds` is how long it was expected to take into service when it was created; `kept_until` is when the
    release switch of an endpoint that the run keeps fires.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    arn: str
    name: str
    model_units: int | None
    commitment: Commitment | None
    created_at: str
    in_service_at: str | None = None
    released_at: str | None = None
    expected_seconds: float | None = None
    kept_until: str | None = None


def tags_of(deployment: str, run_id: str) -> dict[str, str]:
    """The tags of everything paid that a run makes."""
    return {Tags.DEPLOYMENT: deployment, Tags.RUN: run_id}


def run_of(endpoint: Endpoint, tags: Mapping[str, str], deployment: str) -> str:
    """The run an endpoint of this deployment was made for: by its tag, or by its name where it has none."""
    return tags.get(Tags.RUN) or endpoint.name.removeprefix(f"{deployment}-").removesuffix("-committed")


def is_ours(endpoints: Releasable, endpoint: Endpoint, deployment: str) -> bool:
    """Whether an endpoint is this deployment's: both its name and its tag must say so."""
    if not endpoint.name.startswith(f"{deployment}-"):
        return False
    return endpoints.tags(endpoint.arn).get(Tags.DEPLOYMENT) == deployment


def owned(endpoints: Releasable, deployment: str, run_id: str | None = None) -> Iterator[Endpoint]:
    """This deployment's endpoints, all or those of one run, with and without a term."""
    names = {resource_name(deployment, run_id), committed_name(deployment, run_id)} if run_id else set()
    shortest = min(names, key=len, default="")
    # A name that was cut to its limit does not contain the other one.
    common = shortest if names and all(shortest in name for name in names) else f"{deployment}-"
    for endpoint in endpoints.list(common):
        if (not names or endpoint.name in names) and is_ours(endpoints, endpoint, deployment):
            yield endpoint
