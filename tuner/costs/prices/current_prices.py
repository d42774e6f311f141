"""Gets current prices from AWS's price list, and caches them for a day.

Where AWS has no price or does not respond, the packaged list (prices.yaml) is used: no run fails because of a price.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from tuner.artifacts.costs.cached_prices import CachedPrice, CachedPrices
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
    """The responses of earlier estimates (`runs/prices.json`)."""

    def read(self) -> tuple[CachedPrices, str | None]:
        """The prices and the version of the document."""
        ...

    def write(self, prices: CachedPrices, version: str | None) -> bool:
        """Replaces the document if it still has this version. False when it has another one."""
        ...


class NoCache:
    """Caches nothing: for a single estimate on the command line."""

    def read(self) -> tuple[CachedPrices, str | None]:
        """No prices."""
        return {}, None

    def write(self, prices: CachedPrices, version: str | None) -> bool:
        """Discards the prices."""
        return True


def current_prices(api: Api, cache: Cache, wanted: Sequence[NeededPrice]) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """AWS's prices, and a warning for each problem in getting them."""
    warnings: list[str] = []
    cached, version = _read(cache, warnings)
    known = _fresh(cached)
    new: CachedPrices = {}
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


def _read(cache: Cache, warnings: list[str]) -> tuple[CachedPrices, str | None]:
    try:
        return cache.read()
    except (TunerError, ValueError) as error:
        warnings.append(f"The cached prices cannot be read, so AWS's price list is asked again. {error}")
        return {}, None


def _write(cache: Cache, known: CachedPrices, version: str | None, warnings: list[str]) -> None:
    """Updates the cache. If another run wrote it meanwhile, its prices stay, and these are used by this run only."""
    try:
        cache.write(known, version)
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


def _fresh(prices: CachedPrices) -> CachedPrices:
    """The cached prices of the last day. A time in the future is from a wrong clock: its price is asked for again."""
    return {name: price for name, price in prices.items() if dt.timedelta(0) <= now() - price.asked_at < CACHED}


def _prices(known: CachedPrices, wanted: Sequence[NeededPrice]) -> tuple[Price, ...]:
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
