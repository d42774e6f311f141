"""Billing: opens, closes and lists the bills of provisioned throughputs and custom model deployments.

A bill counts seconds from InService (or Active) until the deletion. It is kept after the resource is deleted.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from local.bedrock.state.records import Bill, BillKind, Commitment, Endpoint, Tags, Throughput
from local.bedrock.state.store import Store


class BillLine(BaseModel):
    """One bill as `GET /_local/bedrock/billing` returns it: times in ISO 8601, durations in seconds."""

    model_config = ConfigDict(frozen=True)

    kind: BillKind
    arn: str
    name: str
    base_model_id: str
    custom_model_arn: str
    tags: Tags
    model_units: int
    commitment: Commitment | None
    created_at: str
    in_service_at: str | None
    deleted_at: str | None
    seconds: float
    model_unit_seconds: float


def open_bill(store: Store, endpoint: Endpoint) -> None:
    """Opens the bill of a new throughput or deployment.

    A throughput whose creation will fail gets no bill, because AWS does not charge for it. A deployment has no model
    units: AWS bills it per token, so its seconds cost nothing.
    """
    throughput = endpoint if isinstance(endpoint, Throughput) else None
    if throughput and throughput.injected_failure:
        return
    store.bills.put(
        Bill(
            id=endpoint.id,
            name=endpoint.name,
            arn=endpoint.arn,
            account_region=endpoint.account_region,
            created=endpoint.created,
            tags=endpoint.tags,
            kind="provisioned-model" if throughput else "custom-model-deployment",
            model_arn=endpoint.model_arn,
            base_model_id=endpoint.base_model_id,
            model_units=throughput.model_units if throughput else 0,
            commitment=throughput.commitment if throughput else None,
            in_service=endpoint.ready,
        )
    )


def close_bill(store: Store, endpoint: Endpoint, now: datetime) -> None:
    """Closes the bill of a deleted throughput or deployment. Does nothing if it has no bill."""
    if store.bills.by_id(endpoint.id):
        store.bills.update(endpoint.id, deleted=now)


def bill_lines(store: Store, now: datetime) -> list[BillLine]:
    """Every bill, oldest first. An open bill counts up to `now`."""
    return [_line(bill, now) for bill in store.bills.all()]


def _line(bill: Bill, now: datetime) -> BillLine:
    end = bill.deleted or now
    # Billed from InService on. Negative if the resource was deleted before that.
    seconds = max(0.0, (end - bill.in_service).total_seconds())
    return BillLine(
        kind=bill.kind,
        arn=bill.arn,
        name=bill.name,
        base_model_id=bill.base_model_id,
        custom_model_arn=bill.model_arn,
        tags=bill.tags,
        model_units=bill.model_units,
        commitment=bill.commitment,
        created_at=bill.created.isoformat(),
        # A resource that was deleted while it was being created was never in service.
        in_service_at=bill.in_service.isoformat() if bill.in_service <= end else None,
        deleted_at=bill.deleted.isoformat() if bill.deleted else None,
        seconds=round(seconds, 3),
        model_unit_seconds=round(seconds * bill.model_units, 3),
    )
