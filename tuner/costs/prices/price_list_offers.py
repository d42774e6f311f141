"""Extracts one price from a document of AWS's price list. Units are checked: a wrong one changes a price by a factor.

The format is that of the Price List API: `PriceList` holds JSON documents with product, serviceCode and terms. Source:
AWS Billing User Guide, "Using the AWS Price List Query API". Units are those that public programs found in
AmazonBedrock's offer of 2026 ("1K tokens", "1M tokens", "Model/month", "hour").
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from tuner.core.strict_model import FrozenModel
from tuner.costs.prices.usage_types import NeededPrice
from tuner.settings.deployment.prices import PricedItem

SERVICE = "AmazonBedrock"
_TOKENS = {"1ktokens": 1e-3, "1mtokens": 1e-6}
_UNITS: dict[PricedItem, dict[str, float]] = {
    "training": _TOKENS,
    "input": _TOKENS,
    "output": _TOKENS,
    "batch_input": _TOKENS,
    "batch_output": _TOKENS,
    "custom_input": _TOKENS,
    "custom_output": _TOKENS,
    "storage": {"model/month": 1.0},
    "throughput": {"hour": 1.0, "hours": 1.0, "hrs": 1.0},
}
"""How many of our units one AWS unit has, by AWS's name in lower case without spaces."""
# Lowest and highest accepted price per unit. A price outside was probably published for another unit.
_PLAUSIBLE: dict[PricedItem, tuple[float, float]] = {
    "training": (1e-8, 1e-2),
    "input": (1e-9, 1e-3),
    "output": (1e-9, 1e-3),
    "batch_input": (1e-9, 1e-3),
    "batch_output": (1e-9, 1e-3),
    "custom_input": (1e-9, 1e-3),
    "custom_output": (1e-9, 1e-3),
    "storage": (0.01, 1_000),
    "throughput": (0.1, 10_000),
}


class OfferError(ValueError):
    """A document that has no usable price. The message says why."""


@dataclass(frozen=True, slots=True)
class Offer:
    """US dollars for one of our units (tuner/costs/prices/price_list.py), valid since `effective`."""

    usd: float
    effective: dt.date


class _Attributes(FrozenModel):
    usagetype: str


class _Product(FrozenModel):
    attributes: _Attributes


class _Dimension(FrozenModel):
    unit: str
    beginRange: str = "0"
    endRange: str = "Inf"
    pricePerUnit: dict[str, str]


class _Term(FrozenModel):
    effectiveDate: dt.datetime
    priceDimensions: dict[str, _Dimension] = Field(min_length=1, max_length=1)


class _Terms(FrozenModel):
    OnDemand: dict[str, _Term] = Field(min_length=1, max_length=1)


class _Document(FrozenModel):
    product: _Product
    serviceCode: str
    terms: _Terms


def offer(document: str, wanted: NeededPrice) -> Offer:
    """The price in a document. Raises OfferError unless the document has exactly one price for `wanted`."""
    try:
        found = _Document.model_validate(json.loads(document))
    except (ValueError, RecursionError) as error:
        raise OfferError(f"does not have the documented form: {_first(error)}") from error
    if (found.serviceCode, found.product.attributes.usagetype) != (SERVICE, wanted.usage_type):
        raise OfferError(f"is for {found.serviceCode}, {found.product.attributes.usagetype}")
    (term,) = found.terms.OnDemand.values()
    (dimension,) = term.priceDimensions.values()
    if (dimension.beginRange, dimension.endRange) != ("0", "Inf"):
        # Tiered prices: one number cannot describe them.
        raise OfferError("has prices by quantity")
    return Offer(_usd(dimension, wanted.item), term.effectiveDate.date())


def _usd(dimension: _Dimension, item: PricedItem) -> float:
    unit = dimension.unit.replace(" ", "").lower()
    if unit not in _UNITS[item]:
        raise OfferError(f"has the unit {dimension.unit[:40]!r}, which is not a unit of {item}")
    if set(dimension.pricePerUnit) != {"USD"}:
        raise OfferError("is not in US dollars")
    try:
        usd = float(dimension.pricePerUnit["USD"]) * _UNITS[item][unit]
    except ValueError:
        usd = math.nan
    least, most = _PLAUSIBLE[item]
    if not least <= usd <= most:  # also for NaN
        raise OfferError(
            f"has the price {dimension.pricePerUnit['USD'][:40]} for {dimension.unit}, which is not plausible"
        )
    return usd


def _first(error: Any) -> str:
    if isinstance(error, ValidationError):
        found = error.errors()[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    return "it is not JSON"
