"""The packaged price list (prices.yaml), and how prices are looked up. Each price has its source and a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml

from tuner.core.strict_model import StrictModel
from tuner.settings.deployment.prices import GivenPrice, PricedItem, Term

_ANY = "any"
UNITS: dict[PricedItem, str] = {
    "input": "input token of a foundation model, on demand",
    "output": "output token of a foundation model, on demand",
    "batch_input": "input token of a foundation model, in a batch job",
    "batch_output": "output token of a foundation model, in a batch job",
    "custom_input": "input token of a custom model deployment",
    "custom_output": "output token of a custom model deployment",
    "training": "token of the training data, in one epoch",
    "storage": "month of storing a custom model",
    "throughput": "hour of a model unit of Provisioned Throughput; `term` is the commitment, `hourly` means none",
    "scorer_call": "call of a scorer of the deployment's own; `model` is its name in `scorers`",
    "lambda_time": "GB-second of a Lambda function on Arm",
    "lambda_call": "invocation of a Lambda function",
    "state_transition": "state transition of a standard workflow of Step Functions",
    "s3_write": "PUT or LIST request to S3",
    "s3_read": "GET request to S3",
    "s3_storage": "month of storing a GB in S3",
}


class Price(StrictModel):
    """A price in US dollars per unit of its item. `source` is where it is published, `read` when it was looked up."""

    item: PricedItem
    model: str = _ANY
    usd: float
    source: str
    read: dt.date | None = None
    term: Term | None = None

    def citation(self) -> str:
        """The source and its date, in one line."""
        return f"{self.source}; read {self.read.isoformat()}" if self.read else self.source


class PriceList:
    """Looks prices up. The price for a model precedes the price for any model; earlier entries precede later ones."""

    def __init__(self, prices: Sequence[Price]) -> None:
        self._prices = tuple(prices)

    def find(self, item: PricedItem, model: str = _ANY, term: Term | None = None) -> Price | None:
        """The price of an item for a model (the model id for invoking), or None when it is unknown."""
        return next(
            # Two passes, so that any price of the model precedes all prices for any model.
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
    """Every price of the packaged list."""
    document = yaml.safe_load(files(__package__).joinpath("prices.yaml").read_text("utf-8"))
    sources = document["sources"]
    return tuple(Price(**{**entry, "source": sources[entry["source"]]}) for entry in document["prices"])


def price_list(given: Sequence[GivenPrice] = (), current: Sequence[Price] = ()) -> PriceList:
    """The deployment's own prices, then those of AWS's price list (`current`), then the packaged list."""
    own = [Price(**{**entry.model_dump(), "source": f"deployment's settings: {entry.source}"}) for entry in given]
    return PriceList((*own, *current, *prices()))


def price(item: PricedItem, model: str, term: Term | None = None) -> Price | None:
    """The packaged price of an item for a model (the model id for invoking), or None when it is unknown."""
    return price_list().find(item, model, term)
