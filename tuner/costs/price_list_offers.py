"""One price out of a document of AWS's price list, read strictly: a wrong unit would be a wrong price by a factor.

The shape is that of the Price List API: `PriceList` holds JSON documents with product, serviceCode and terms. Source:
AWS Billing User Guide, "Using the AWS Price List Query API"; units as public programs found them in AmazonBedrock's
offer of 2026 ("1K tokens", "1M tokens", "Model/month", "hour").
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tuner.costs.usage_types import Wanted
from tuner.settings.prices import Priced

SERVICE = "AmazonBedrock"
_TOKENS = {"1ktokens": 1e-3, "1mtokens": 1e-6}
_UNITS: dict[Priced, dict[str, float]] = {
    "training": _TOKENS,
    "input": _TOKENS,
    "output": _TOKENS,
    "custom_input": _TOKENS,
    "custom_output": _TOKENS,
    "storage": {"model/month": 1.0},
    "throughput": {"hour": 1.0, "hours": 1.0, "hrs": 1.0},
}
"""What one of AWS's units is in ours, by its name in lower case without spaces."""
_PLAUSIBLE: dict[Priced, tuple[float, float]] = {
    "training": (1e-8, 1e-2),
    "input": (1e-9, 1e-3),
    "output": (1e-9, 1e-3),
    "custom_input": (1e-9, 1e-3),
    "custom_output": (1e-9, 1e-3),
    "storage": (0.01, 1_000),
    "throughput": (0.1, 10_000),
}


class OfferError(ValueError):
    """A document that no price can be taken from; the message says why."""


@dataclass(frozen=True, slots=True)
class Offer:
    """US dollars for one of our units (tuner/costs/prices.py), in force since `effective`."""

    usd: float
    effective: dt.date


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Attributes(_Part):
    usagetype: str
    servicecode: str | None = None


class _Product(_Part):
    attributes: _Attributes


class _Dimension(_Part):
    unit: str
    beginRange: str = "0"
    endRange: str = "Inf"
    pricePerUnit: dict[str, str]


class _Term(_Part):
    effectiveDate: dt.datetime
    priceDimensions: dict[str, _Dimension] = Field(min_length=1, max_length=1)


class _Terms(_Part):
    OnDemand: dict[str, _Term] = Field(min_length=1, max_length=1)


class _Document(_Part):
    product: _Product
    serviceCode: str
    terms: _Terms


def offer(document: str, wanted: Wanted) -> Offer:
    """The price in a document. Raises OfferError when it is not exactly one price of what is wanted."""
    try:
        found = _Document.model_validate(json.loads(document))
    except (ValueError, RecursionError) as error:
        raise OfferError(f"is not of the documented shape: {_first(error)}") from error
    if (found.serviceCode, found.product.attributes.usagetype) != (SERVICE, wanted.usage_type):
        raise OfferError(f"is of {found.serviceCode}, {found.product.attributes.usagetype}")
    (term,) = found.terms.OnDemand.values()
    (dimension,) = term.priceDimensions.values()
    if (dimension.beginRange, dimension.endRange) != ("0", "Inf"):
        raise OfferError("is a price by quantity")
    return Offer(_usd(dimension, wanted.item), term.effectiveDate.date())


def _usd(dimension: _Dimension, item: Priced) -> float:
    unit = dimension.unit.replace(" ", "").lower()
    if unit not in _UNITS[item]:
        raise OfferError(f"has the unit {dimension.unit[:40]!r}, which is none of {item}'s")
    if set(dimension.pricePerUnit) != {"USD"}:
        raise OfferError("is not in US dollars")
    try:
        usd = float(dimension.pricePerUnit["USD"]) * _UNITS[item][unit]
    except ValueError:
        usd = math.nan
    least, most = _PLAUSIBLE[item]
    if not least <= usd <= most:  # also for NaN
        raise OfferError(f"says {dimension.pricePerUnit['USD'][:40]} for {dimension.unit}, which cannot be meant")
    return usd


def _first(error: Any) -> str:
    if isinstance(error, ValidationError):
        found = error.errors()[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    return "no JSON"
