"""Prices that a deployment gives: what AWS charges this account, where the packaged list is silent or differs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tuner.core.strict_model import StrictModel

Priced = Literal[
    "input",
    "output",
    "custom_input",
    "custom_output",
    "training",
    "storage",
    "throughput",
    "lambda_time",
    "lambda_call",
    "state_transition",
    "s3_write",
    "s3_read",
    "s3_storage",
]
Term = Literal["hourly", "OneMonth", "SixMonths"]


class GivenPrice(StrictModel):
    """US dollars for one unit; what the units are stands in tuner/costs/prices.yaml."""

    item: Priced
    model: str = Field("any", description="id for invoking, or any")
    term: Term | None = Field(None, description="of throughput only")
    usd: float = Field(ge=0)
    source: str = Field(min_length=1, description="where the price is from, with its date")

    @model_validator(mode="after")
    def _term_goes_with_throughput(self) -> GivenPrice:
        if (self.term is not None) != (self.item == "throughput"):
            raise ValueError("term (hourly, OneMonth or SixMonths) goes with item 'throughput', and only with it")
        return self
