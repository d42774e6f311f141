"""The records of endpoints: `serving/endpoint.json`, `serving/commitment.json`, `runs/endpoint-times.json`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, RootModel

from tuner.artifacts.base import Artifact, Part
from tuner.core.artifact_keys import Keys
from tuner.settings import Commitment

EndpointKind = Literal["provisioned", "on_demand"]


class EndpointDetails(Part):
    """An endpoint: what it is, and when it was created and released. Times are ISO 8601 in UTC."""

    kind: EndpointKind
    arn: str
    name: str
    model_units: int | None = Field(None, description="null for a custom model deployment")
    commitment: Commitment | None = Field(None, description="the throughput's term; null when it is paid by the hour")
    created_at: str
    in_service_at: str | None = Field(None, description="when a step first saw the endpoint in service")
    released_at: str | None = Field(None, description="when two reads, some time apart, had not found the endpoint")
    expected_seconds: float | None = Field(
        None, description="time into service that was expected when the endpoint was created"
    )
    kept_until: str | None = Field(None, description="when the release schedule ends an endpoint that the run keeps")


class EndpointRecord(EndpointDetails, Artifact):
    """`serving/endpoint.json`: the endpoint that the evaluation uses."""

    NAME: ClassVar[str] = Keys.ENDPOINT

    missing_since: str | None = Field(
        None, description="when a release first could not see the endpoint, although it was not recorded as released"
    )


class CommitmentRecord(EndpointRecord):
    """`serving/commitment.json`: the throughput that is bought for a term after the gate accepted the model."""

    NAME: ClassVar[str] = Keys.COMMITMENT


class EndpointTimes(RootModel[dict[str, tuple[float, ...]]]):
    """`runs/endpoint-times.json`: how many seconds earlier endpoints took into service, the latest last.

    All runs share this document. Its keys are "<kind> <base model>"; it has no other members.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    root: dict[str, tuple[float, ...]] = Field(default_factory=dict)

    def of(self, kind: EndpointKind, base_model: str) -> tuple[float, ...]:
        """The durations of one kind and base model."""
        return self.root.get(f"{kind} {base_model}", ())

    def replacing(self, kind: EndpointKind, base_model: str, seconds: tuple[float, ...]) -> EndpointTimes:
        """The document with these durations for one kind and base model."""
        return EndpointTimes({**self.root, f"{kind} {base_model}": seconds})
