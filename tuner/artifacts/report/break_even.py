"""The part of a report that says when the tuned model costs less than its base model with retrieved passages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.base import Part

Outcome = Literal["from", "until", "always", "never", "unknown"]


class Assumptions(Part):
    """The assumptions about a month of service. `measured` lists the ones that are means of the run itself."""

    passages_tokens: int
    question_tokens: float
    answer_tokens: float
    hours_per_month: float
    model_units: int
    retrieval_usd_per_month: float
    measured: tuple[str, ...] = ()


class Line(Part):
    """The cost of a way to serve a model, as a straight line: per month and per request. None is unknown."""

    name: str
    fixed_usd: float | None
    request_usd: float | None
    unknown: tuple[str, ...] = Field((), description="prices that are not known")


class ServingOption(Line):
    """One way to serve the tuned model, compared with the base model with passages."""

    outcome: Outcome
    requests: float | None = Field(
        None, description="requests a month from which (or until which) the tuned model costs less"
    )
    per_second: float | None = Field(
        None, description="the same per second of the hours of service; compare it with what the model units can serve"
    )


class BreakEven(Part):
    """The break-even of every way to serve the tuned model (`ways`)."""

    assumptions: Assumptions
    base: Line
    ways: tuple[ServingOption, ...]
