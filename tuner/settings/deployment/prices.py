"""Prices in a deployment's settings: what AWS charges this account, if it differs from AWS's published prices."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tuner.core.strict_model import StrictModel

PricedItem = Literal[
    "input",
    "output",
    "batch_input",
    "batch_output",
    "custom_input",
    "custom_output",
    "training",
    "storage",
    "throughput",
    "scorer_call",
    "lambda_time",
    "lambda_call",
    "state_transition",
    "s3_write",
    "s3_read",
    "s3_storage",
]
Term = Literal["hourly", "OneMonth", "SixMonths"]


class GivenPrice(StrictModel):
    """US dollars for one unit. tuner/costs/prices/price_list.py describes the units."""

    item: PricedItem
    model: str = Field("any", description="model id for invoking, name of a scorer, or any")
    term: Term | None = Field(None, description="for throughput only")
    usd: float = Field(ge=0)
    source: str = Field(min_length=1, description="where the price is from, and its date")

    @model_validator(mode="after")
    def _only_throughput_has_a_term(self) -> GivenPrice:
        if (self.term is not None) != (self.item == "throughput"):
            raise ValueError(
                "term (hourly, OneMonth or SixMonths) is required for item 'throughput', and allowed for it only"
            )
        return self
