"""Gets current prices from AWS's price list, and caches them for a day.

Where AWS has no price or does not respond, the packaged list (prices.yaml) is used: no run fails because of a price.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import ValidationError

from tuner.artifacts.base import Part
from tuner.core.errors import TunerError
from tuner.core.times import now
from tuner.costs.prices.price_list import Price
from tuner.costs.prices.price_list_offers import SERVICE, OfferError, offer
from tuner.costs.prices.usage_types import NeededPrice

CACHED = dt.timedelta(days=1)


class Api(Protocol):
    """AWS's price list."""

    def products(self, service: str, usage_type: str) -> tuple[list[str], str]:
        """The documents of a usage type, and the name of the stand-in that answered; empty for AWS."""
        ...


class Cache(Protocol):
    """The responses of earlier estimates (`runs/prices.json`), by usage type.

    The document is not a model: its entries are parsed one by one, so that one that cannot be read does not lose the
    others.
    """

    def read(self) -> tuple[dict[str, Any], str | None]:
        """The document and its version."""
        ...

    def write(self, document: Any, version: str | None) -> bool:
        """Replaces the document if it still has this version. False when it has another one."""
        ...


class NoCache:
    """Caches nothing: for a single estimate on the command line."""

    def read(self) -> tuple[dict[str, Any], str | None]:
        """An empty document."""
        return {}, None

    def write(self, document: Any, version: str | None) -> bool:
        """Discards the document."""
        return True


class CachedPrice(Part):
    """AWS's response for a usage type. `usd` is None when AWS has no price, or none that can be used."""

    asked_at: dt.datetime
    usd: float | None = None
    effective: dt.date | None = None
    problem: str = ""
    stand_in: str = ""


def current_prices(api: Api, cache: Cache, wanted: Sequence[NeededPrice]) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """AWS's prices, and a warning for each problem in getting them."""
    warnings: list[str] = []
    document, version = _read(cache, warnings)
    known = _fresh(document)
    new: dict[str, CachedPrice] = {}
    try:
        for each in wanted:
            if each.usage_type not in known:
                new[each.usage_type] = _ask(api, each)
    except TunerError as error:
        # The first failure ends the requests: an unreachable price list would otherwise delay the run for each price.
        warnings.append(f"AWS's price list did not respond, so the packaged prices are used. {error}")
    known |= new
    if new:
        _write(cache, known, version, warnings)
    warnings += [
        f"AWS's price list for {each.usage_type} {found.problem}: the packaged price is used."
        for each in wanted
        if (found := known.get(each.usage_type)) and found.problem
    ]
    return _prices(known, wanted), tuple(warnings)


def _read(cache: Cache, warnings: list[str]) -> tuple[dict[str, Any], str | None]:
    try:
        return cache.read()
    except (TunerError, ValueError) as error:
        warnings.append(f"The cached prices cannot be read, so AWS's price list is asked again. {error}")
        return {}, None


def _write(cache: Cache, known: Mapping[str, CachedPrice], version: str | None, warnings: list[str]) -> None:
    """Updates the cache. If another run wrote it meanwhile, its prices stay, and these are used by this run only."""
    try:
        cache.write({name: price.model_dump(mode="json") for name, price in known.items()}, version)
    except TunerError as error:
        warnings.append(f"AWS's prices cannot be cached, so the next estimate asks for them again. {error}")


def _ask(api: Api, wanted: NeededPrice) -> CachedPrice:
    documents, stand_in = api.products(SERVICE, wanted.usage_type)
    if not documents:
        return CachedPrice(asked_at=now(), stand_in=stand_in)
    # Several products have several prices, and nothing shows which one applies.
    if len(documents) > 1:
        return CachedPrice(asked_at=now(), problem=f"has {len(documents)} products", stand_in=stand_in)
    try:
        found = offer(documents[0], wanted)
    except OfferError as error:
        return CachedPrice(asked_at=now(), problem=str(error), stand_in=stand_in)
    return CachedPrice(asked_at=now(), usd=found.usd, effective=found.effective, stand_in=stand_in)


def _fresh(document: Mapping[str, Any]) -> dict[str, CachedPrice]:
    """The cached prices of the last day. Entries that cannot be read are requested again."""
    found: dict[str, CachedPrice] = {}
    for name, value in document.items():
        try:
            price = CachedPrice.model_validate(value)
        except ValidationError:
            continue
        # A time in the future is from a wrong clock, and would keep the price for longer than a day.
        if dt.timedelta(0) <= now() - price.asked_at < CACHED:
            found[name] = price
    return found


def _prices(known: Mapping[str, CachedPrice], wanted: Sequence[NeededPrice]) -> tuple[Price, ...]:
    return tuple(
        Price(
            item=each.item,
            model=each.model,
            term=each.term,
            usd=found.usd,
            source=f"{found.stand_in or 'AWS Price List API'}, {each.usage_type}, in force since {found.effective}",
            read=found.asked_at.date(),
        )
        for each in wanted
        if (found := known.get(each.usage_type)) and found.usd is not None
    )
