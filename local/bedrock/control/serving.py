"""What throughputs and deployments share: a status that takes time, and a bill that runs from ready to deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from local.bedrock.errors import ConflictError
from local.bedrock.records import Bill, Commitment, Serving

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

S = TypeVar("S", bound=Serving)


def state(serving: Serving, now: datetime, ready: str) -> str:
    """`Creating` until its time has come, then `ready`'s word, or `Failed` where a failure was injected."""
    if now < serving.ready:
        return "Creating"
    return "Failed" if serving.injected_failure else ready


def shown(bedrock: Bedrock, serving: S) -> S:
    """As old as was set."""
    older = timedelta(hours=bedrock.settings.endpoints_age_hours)
    return serving.model_copy(update={"created": serving.created - older})


def refuse_if_told(bedrock: Bedrock) -> None:
    """Where it was set that nothing is deleted, raise a ConflictError with the message that was given."""
    if bedrock.settings.fail_deletes:
        raise ConflictError(bedrock.settings.fail_deletes)


def bill(
    bedrock: Bedrock,
    serving: Serving,
    kind: Literal["provisioned-model", "custom-model-deployment"],
    units: int,
    commitment: Commitment | None,
) -> None:
    """Open the bill of a new throughput or deployment."""
    bedrock.store.bills.put(
        Bill(
            id=serving.id,
            name=serving.name,
            arn=serving.arn,
            scope=serving.scope,
            created=serving.created,
            tags=serving.tags,
            kind=kind,
            model_arn=serving.model_arn,
            base_model_id=serving.base_model_id,
            model_units=units,
            commitment=commitment,
            in_service=serving.ready,
        )
    )


def close_bill(bedrock: Bedrock, serving: Serving) -> None:
    """Close the bill of a deleted throughput or deployment; one that failed has none."""
    if bedrock.store.bills.by_id(serving.id):
        bedrock.store.bills.update(serving.id, deleted=bedrock.clock())
