"""Computes what a month of service costs, as a straight line: a fixed cost, and a cost per request.

    by the token           fixed      + n * (input tokens * input + output tokens * output)
    tuned, on demand       storage    + n * (input tokens * custom_input + output tokens * custom_output)
    tuned, throughput      storage + units * hours * hourly            + n * 0

The fixed cost of a contestant with passages has the cost of retrieving them too. The cost of training is paid once and
is part of no line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tuner.artifacts.costs.estimate import Rate
from tuner.artifacts.report.break_even import Line
from tuner.settings import Commitment
from tuner.settings.deployment.prices import PricedItem, Term

_HOURS_PER_MONTH = 730
TOKENS = "tokens"
"""Stands among the missing prices of a line where the tokens of a request are not known."""
Way = Literal["on_demand", "hourly", "OneMonth", "SixMonths"]
"""How a tuned model is served: by the token, or on throughput that is paid by the hour or for a term."""
_THROUGHPUT: dict[Way, tuple[Term, str]] = {
    "hourly": ("hourly", "throughput by the hour"),
    "OneMonth": ("OneMonth", "throughput for a term of one month"),
    "SixMonths": ("SixMonths", "throughput for a term of six months"),
}
_Part = tuple[PricedItem, Term | None, float]


def way_of(serving: str, commitment: Commitment | None) -> Way:
    """How a run with these settings serves its tuned model."""
    return "on_demand" if serving == "on_demand" else commitment or "hourly"


def ways(on_demand: bool) -> tuple[Way, ...]:
    """All ways to serve a tuned model; `on_demand`: whether its family can be served on demand."""
    return (*(("on_demand",) if on_demand else ()), *_THROUGHPUT)


@dataclass(frozen=True, slots=True)
class MeanTokens:
    """The mean tokens of a request and its answer."""

    read: float
    written: float


@dataclass(frozen=True, slots=True)
class Service:
    """A month of service: its prices, and for how many hours how many model units are paid.

    `rates` are the estimate's prices of the run's base model and of models that are tuned from it.
    """

    rates: Sequence[Rate]
    hours: float
    units: int
    _usd: dict[tuple[str, str | None], float | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._usd.update({(rate.item, rate.term): rate.usd for rate in self.rates})

    def by_token(self, name: str, tokens: MeanTokens | None, fixed_usd: float = 0) -> Line:
        """The base model, which costs nothing but its tokens and `fixed_usd` a month."""
        request, unknown = self._of_tokens("input", "output", tokens)
        return Line(name=name, fixed_usd=fixed_usd, request_usd=request, unknown=unknown)

    def tuned(self, way: Way, tokens: MeanTokens | None, fixed_usd: float = 0) -> Line:
        """The tuned model, served in this way."""
        if way == "on_demand":
            fixed, first = self._sum(("storage", None, 1))
            request, second = self._of_tokens("custom_input", "custom_output", tokens)
            unknown = (*first, *second)
            return Line(name="on demand", fixed_usd=_added(fixed, fixed_usd), request_usd=request, unknown=unknown)
        term, name = _THROUGHPUT[way]
        # Hourly throughput can be deleted outside of the hours of service; a commitment is paid for every hour.
        hours = self.hours if way == "hourly" else _HOURS_PER_MONTH
        fixed, unknown = self._sum(("storage", None, 1), ("throughput", term, self.units * hours))
        return Line(name=name, fixed_usd=_added(fixed, fixed_usd), request_usd=0, unknown=unknown)

    def _of_tokens(
        self, reading: PricedItem, writing: PricedItem, tokens: MeanTokens | None
    ) -> tuple[float | None, tuple[str, ...]]:
        if tokens is None:
            return None, (TOKENS,)
        return self._sum((reading, None, tokens.read), (writing, None, tokens.written))

    def _sum(self, *parts: _Part) -> tuple[float | None, tuple[str, ...]]:
        """The cost of all parts, or None and the names of the prices that are missing."""
        prices = {(item, term): self._usd.get((item, term)) for item, term, _ in parts}
        missing = tuple(" ".join(filter(None, key)) for key, usd in prices.items() if usd is None)
        if missing:
            return None, missing
        return sum(quantity * (prices[item, term] or 0) for item, term, quantity in parts), ()


def _added(usd: float | None, more: float) -> float | None:
    return None if usd is None else usd + more
