"""Rules that provisioned throughputs and custom model deployments share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from local.bedrock.errors import ConflictError
from local.bedrock.state.records import Endpoint, Throughput
from local.bedrock.state.settings import Settings

E = TypeVar("E", bound=Endpoint)


def endpoint_status(endpoint: Endpoint, now: datetime, ready_status: str) -> str:
    """`Creating` until the endpoint's time has come, then `ready_status`, or `Failed` if a failure was injected."""
    if now < endpoint.ready:
        return "Creating"
    return "Failed" if endpoint.injected_failure else ready_status


def with_age_offset(endpoint: E, settings: Settings) -> E:
    """Applies the configured age offset to the creation time, and to the end of a commitment."""
    offset = timedelta(hours=settings.endpoints_age_hours)
    earlier = {"created": endpoint.created - offset}
    if isinstance(endpoint, Throughput) and endpoint.commitment_ends:
        earlier["commitment_ends"] = endpoint.commitment_ends - offset
    return endpoint.model_copy(update=earlier)


def check_deletion_allowed(settings: Settings) -> None:
    """Checks that no failure of deletions is injected.

    Raises:
        ConflictError: the setting `fail_deletes` has a message.
    """
    if settings.fail_deletes:
        raise ConflictError(settings.fail_deletes)
