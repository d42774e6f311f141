"""The account of what the local Bedrock would cost: tokens, training, throughput and stored models, at list prices.

It is made of what the store keeps: calls and jobs, and the bills of throughputs and models, deleted ones included. The
prices are the packaged ones that the local price list answers with. The price of an item can be unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from local.bedrock.state.records import Bill, Call, Job, Record, StoredModel, Tags
from local.bedrock.state.store import Store
from tuner import catalog
from tuner.costs.prices.price_list import price
from tuner.settings.deployment.prices import PricedItem, Term

_HOUR = timedelta(hours=1)
_MONTH = timedelta(days=30)
_HOURS_PER_MONTH = 730
_MONTHS: dict[str | None, int] = {"OneMonth": 1, "SixMonths": 6}


class Charge(BaseModel):
    """One line of the account. `resource` is the model of a call, or the ARN of what is paid for.

    `usd` is None when the price of the item is unknown.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["call", "training", "throughput", "storage"]
    item: PricedItem
    resource: str
    base_model_id: str
    at: str
    quantity: float
    unit_price_usd: float | None
    usd: float | None
    tags: Tags = {}


def charges(store: Store, now: datetime) -> list[Charge]:
    """Every charge until `now`, by its time."""
    found = [
        *(charge for call in store.calls.all() for charge in _call(call)),
        *(_training(job) for job in store.jobs.all() if job.trained_tokens),
        *(charge for bill in store.bills.all() for charge in _throughput(bill, now)),
        *(_storage(model, now) for model in store.stored_models.all()),
    ]
    return sorted(found, key=lambda charge: charge.at)


def _call(call: Call) -> Iterator[Charge]:
    """Tokens read and written. A provisioned throughput is paid for by the hour, and its tokens cost nothing."""
    custom = ":custom-model-deployment/" in call.arn
    items: tuple[PricedItem, PricedItem] = ("custom_input", "custom_output") if custom else ("input", "output")
    items = ("batch_input", "batch_output") if call.name == "Batch" else items
    for item, tokens in zip(items, (call.input_tokens, call.output_tokens), strict=True):
        if ":provisioned-model/" in call.arn:
            yield _charge("call", item, call, call.base_model_id, tokens, unit_price=0)
        else:
            yield _charge("call", item, call, call.base_model_id, tokens)


def _training(job: Job) -> Charge:
    return _charge("training", "training", job, job.base_model_id, job.trained_tokens)


def _throughput(bill: Bill, now: datetime) -> Iterator[Charge]:
    """Begun hours, or the whole term of a commitment. A deployment on demand is paid for by the token."""
    paid = (bill.deleted or now) - bill.in_service
    if bill.kind != "provisioned-model" or paid < timedelta(0):
        return
    hours = _HOURS_PER_MONTH * _MONTHS[bill.commitment] if bill.commitment else math.ceil(paid / _HOUR)
    yield _charge(
        "throughput", "throughput", bill, bill.base_model_id, bill.model_units * hours, bill.commitment or "hourly"
    )


def _storage(model: StoredModel, now: datetime) -> Charge:
    """Begun months."""
    months = max(1, math.ceil(((model.deleted or now) - model.created) / _MONTH))
    return _charge("storage", "storage", model, model.base_model_id, months)


def _charge(
    kind: Literal["call", "training", "throughput", "storage"],
    item: PricedItem,
    record: Record,
    base_model_id: str,
    quantity: float,
    term: Term | None = None,
    unit_price: float | None = None,
) -> Charge:
    if unit_price is None:
        found = price(item, _priced_as(base_model_id), term)
        unit_price = found.usd if found else None
    return Charge(
        kind=kind,
        item=item,
        resource=record.arn,
        base_model_id=base_model_id,
        at=record.created.isoformat(),
        quantity=quantity,
        unit_price_usd=unit_price,
        usd=None if unit_price is None else quantity * unit_price,
        tags=record.tags,
    )


def _priced_as(base_model_id: str) -> str:
    """Prices are listed by the id for invoking a model, which differs from the one for customizing it."""
    return next((model.invoke_id for model in catalog.models() if model.id == base_model_id), base_model_id)
