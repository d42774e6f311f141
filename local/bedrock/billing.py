"""What throughputs and deployments would have cost: seconds, from in service to deleted, kept after the deletion."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.bedrock.records import Bill
from local.bedrock.store import Store


def statement(store: Store, now: datetime) -> list[dict[str, Any]]:
    """Every bill, oldest first, times in ISO-8601 and the billed time in seconds.

    A deployment has no model units: on AWS it is billed per token, so its seconds cost nothing.
    """
    return [_line(bill, now) for bill in store.bills.all()]


def _line(bill: Bill, now: datetime) -> dict[str, Any]:
    seconds = max(0.0, ((bill.deleted or now) - bill.in_service).total_seconds())
    served = bill.in_service <= (bill.deleted or now)
    return {
        "kind": bill.kind,
        "arn": bill.arn,
        "name": bill.name,
        "base_model_id": bill.base_model_id,
        "custom_model_arn": bill.model_arn,
        "tags": bill.tags,
        "model_units": bill.model_units,
        "commitment": bill.commitment,
        "created_at": bill.created.isoformat(),
        "in_service_at": bill.in_service.isoformat() if served else None,
        "deleted_at": bill.deleted.isoformat() if bill.deleted else None,
        "seconds": round(seconds, 3),
        "model_unit_seconds": round(seconds * bill.model_units, 3),
    }
