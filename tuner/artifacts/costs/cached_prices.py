"""`runs/prices.json`: the responses of AWS's price list to earlier estimates. All runs share this document."""

from __future__ import annotations

import datetime as dt
import json

from pydantic import JsonValue, TypeAdapter, ValidationError

from tuner.artifacts.base import Part


class CachedPrice(Part):
    """AWS's response for a usage type. `usd` is None when AWS has no price, or none that can be used."""

    asked_at: dt.datetime
    usd: float | None = None
    effective: dt.date | None = None
    problem: str = ""
    stand_in: str = ""


CachedPrices = dict[str, CachedPrice]
"""By usage type."""

_entries = TypeAdapter(dict[str, JsonValue])
_prices = TypeAdapter(CachedPrices)


def read_cached_prices(data: bytes | None) -> CachedPrices:
    """The entries that can be read. Raises ValueError when the document is no JSON object."""
    found: CachedPrices = {}
    for usage_type, entry in _entries.validate_json(data or b"{}").items():
        try:
            found[usage_type] = CachedPrice.model_validate(entry)
        except ValidationError:
            continue  # AWS is asked again
    return found


def cached_prices_json(prices: CachedPrices) -> bytes:
    """The prices as a file."""
    return json.dumps(_prices.dump_python(prices, mode="json"), indent=2).encode() + b"\n"
