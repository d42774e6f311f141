"""What a run records of its endpoints: `serving/endpoint.json` and `serving/commitment.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tuner.settings import Commitment

EndpointKind = Literal["provisioned", "on_demand"]


class EndpointRecord(BaseModel):
    """`serving/endpoint.json`, or `serving/commitment.json` for the throughput bought after the gate.

    Times are ISO 8601 in UTC.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: EndpointKind
    arn: str
    name: str
    model_units: int | None = Field(None, description="null for a custom model deployment")
    commitment: Commitment | None = Field(None, description="term of the throughput, null when it is paid by the hour")
    created_at: str
    in_service_at: str | None = Field(None, description="when a step first saw the endpoint in service")
    released_at: str | None = None
    expected_seconds: float | None = Field(
        None, description="time into service that was expected when the endpoint was created"
    )
    kept_until: str | None = Field(None, description="when the release schedule ends an endpoint that the run keeps")
