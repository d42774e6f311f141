"""The price list: prices.yaml beside this file, each price with its source and the day it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from tuner.settings.prices import GivenPrice, Priced, Term

_ANY = "any"
UNITS: dict[Priced, str] = {
    "input": "a token of a question, from a model on demand",
    "output": "a token of an answer, from a model on demand",
    "custom_input": "a token of a question, from a custom model deployment",
    "custom_output": "a token of an answer, from a custom model deployment",
    "training": "a token of the training data, in one epoch",
    "storage": "a custom model, for a month",
    "throughput": "a model unit of Provisioned Throughput, for an hour; `term` is the commitment, `hourly` is none",
    "lambda_time": "a GB-second of a function on Arm",
    "lambda_call": "a call of a function",
    "state_transition": "a transition of a standard workflow of Step Functions",
    "s3_write": "a PUT or LIST request",
    "s3_read": "a GET request",
    "s3_storage": "a GB, for a month",
}


class Price(BaseModel):
    """A price in US dollars per unit of its item; `source` is where it was published, `read` when it was looked up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: Priced
    model: str = _ANY
    usd: float
    source: str
    read: dt.date | None = None
    term: Term | None = None

    def told(self) -> str:
        """The source in a line."""
        return f"{self.source}; read {self.read.isoformat()}" if self.read else self.source


class PriceList:
    """Looks prices up. A price for a model goes before one for any model, and an earlier one before a later one."""

    def __init__(self, prices: Sequence[Price]) -> None:
        self._prices = tuple(prices)

    def find(self, item: Priced, model: str = _ANY, term: Term | None = None) -> Price | None:
        """The price of an item for a model (its id for invoking), or None when it is unknown."""
        return next(
            (
                entry
                for wanted in (model, _ANY)
                for entry in self._prices
                if entry.item == item and entry.model == wanted and entry.term == term
            ),
            None,
        )


@cache
def prices() -> tuple[Price, ...]:
    """Every price that the packaged list knows."""
    document = yaml.safe_load(files(__package__).joinpath("prices.yaml").read_text("utf-8"))
    sources = document["sources"]
    return tuple(Price(**{**entry, "source": sources[entry["source"]]}) for entry in document["prices"])


def price_list(given: Sequence[GivenPrice] = (), asked: Sequence[Price] = ()) -> PriceList:
    """What the deployment's settings give, then what AWS's price list answered, then the packaged list."""
    own = [Price(**{**entry.model_dump(), "source": f"deployment's settings: {entry.source}"}) for entry in given]
    return PriceList((*own, *asked, *prices()))


def price(item: Priced, model: str, term: Term | None = None) -> Price | None:
    """The packaged list's price of an item for a model (its id for invoking), or None when it is unknown."""
    return price_list().find(item, model, term)
