"""The price list: prices.yaml beside this file, each price with its source and the day it was read."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

Item = Literal["input", "output", "training", "storage", "throughput"]
Term = Literal["hourly", "OneMonth", "SixMonths"]


class Price(BaseModel):
    """A price in US dollars per unit of its item; `source` is where it was published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: Item
    model: str
    usd: float
    source: str
    read: dt.date
    term: Term | None = None


@cache
def prices() -> tuple[Price, ...]:
    """Every price that is known."""
    document = yaml.safe_load(files(__package__).joinpath("prices.yaml").read_text("utf-8"))
    sources = document["sources"]
    return tuple(Price(**{**entry, "source": sources[entry["source"]]}) for entry in document["prices"])


def price(item: Item, model: str, term: Term | None = None) -> Price | None:
    """The price of an item for a model (its id for invoking), or None when it is unknown."""
    return next(
        (entry for entry in prices() if entry.item == item and entry.model in {model, "any"} and entry.term == term),
        None,
    )
