"""From how many requests a month on the tuned model costs less than its base model with retrieved passages.

Both ways cost something fixed a month and something per request, so that their costs are two straight lines:

    base   retrieval                          + n * ((passages + question) * input + answer * output)
    tuned  storage                            + n * (question * custom_input + answer * custom_output)   on demand
    tuned  storage + units * hours * hourly   + n * 0                                                    throughput

They meet at n = (fixed tuned - fixed base) / (base per request - tuned per request). What training cost is paid once
and is in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tuner.artifacts.estimate import Rate
from tuner.settings.break_even import BreakEvenSettings

Outcome = Literal["from", "until", "always", "never", "unknown"]
_HOURS_PER_MONTH = 730
_TERMS = {
    "hourly": "throughput by the hour",
    "OneMonth": "throughput for a term of one month",
    "SixMonths": "throughput for a term of six months",
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Assumptions(_Model):
    """What a month is taken to be; `measured` names what is the run's own mean."""

    passages_tokens: int
    question_tokens: float
    answer_tokens: float
    hours_per_month: float
    model_units: int
    retrieval_usd_per_month: float
    measured: tuple[str, ...] = ()


class Line(_Model):
    """What serving in one way costs: so much a month, and so much per request. None is not known."""

    name: str
    fixed_usd: float | None
    request_usd: float | None
    unknown: tuple[str, ...] = Field((), description="prices that are not known")


class Way(Line):
    """A way to serve the tuned model, beside the base model with passages."""

    outcome: Outcome
    requests: float | None = Field(None, description="a month, from (or until) which the tuned model costs less")
    per_second: float | None = Field(None, description="the same, over the hours of service: see what the units bear")


class BreakEven(_Model):
    """The answer, way by way."""

    assumptions: Assumptions
    base: Line
    ways: tuple[Way, ...]


def break_even(assumed: Assumptions, rates: Sequence[Rate], on_demand: bool) -> BreakEven:
    """`rates` are those of the estimate; `on_demand` says whether the model's family can be served so."""
    return _Month(assumed, {(rate.item, rate.term): rate.usd for rate in rates}).answer(on_demand)


def assumptions(
    settings: BreakEvenSettings, units: int, asked: Sequence[int], answered: Sequence[int]
) -> Assumptions | None:
    """The settings, with the means of the run's own tokens where they leave them open; None when there are none."""
    measured = {"question_tokens": _mean(asked), "answer_tokens": _mean(answered)}
    open_ = [name for name in measured if getattr(settings, name) is None]
    if any(measured[name] is None for name in open_):
        return None
    given = settings.model_dump() | {name: measured[name] for name in open_}
    return Assumptions(**given | {"model_units": settings.model_units or units, "measured": tuple(open_)})


def _mean(numbers: Sequence[int]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


class _Month:
    def __init__(self, assumed: Assumptions, usd: Mapping[tuple[str, str | None], float | None]) -> None:
        self._assumed = assumed
        self._usd = usd

    def answer(self, on_demand: bool) -> BreakEven:
        base = self._base()
        return BreakEven(
            assumptions=self._assumed,
            base=base,
            ways=tuple(_beside(base, way, self._assumed) for way in self._ways(on_demand)),
        )

    def _base(self) -> Line:
        read = self._assumed.passages_tokens + self._assumed.question_tokens
        request, unknown = self._sum(("input", None, read), ("output", None, self._assumed.answer_tokens))
        name = "base model with passages in its prompt"
        return Line(name=name, fixed_usd=self._assumed.retrieval_usd_per_month, request_usd=request, unknown=unknown)

    def _ways(self, on_demand: bool) -> Iterator[Line]:
        if on_demand:
            fixed, first = self._sum(("storage", None, 1))
            asked, answered = self._assumed.question_tokens, self._assumed.answer_tokens
            request, second = self._sum(("custom_input", None, asked), ("custom_output", None, answered))
            yield Line(name="on demand", fixed_usd=fixed, request_usd=request, unknown=(*first, *second))
        for term, name in _TERMS.items():
            hours = self._assumed.hours_per_month if term == "hourly" else _HOURS_PER_MONTH
            fixed, unknown = self._sum(("storage", None, 1), ("throughput", term, self._assumed.model_units * hours))
            yield Line(name=name, fixed_usd=fixed, request_usd=0, unknown=unknown)

    def _sum(self, *parts: tuple[str, str | None, float]) -> tuple[float | None, tuple[str, ...]]:
        """What the parts cost together, or None and the names of the prices that are missing."""
        prices = {(item, term): self._usd.get((item, term)) for item, term, _ in parts}
        missing = tuple(" ".join(filter(None, key)) for key, usd in prices.items() if usd is None)
        if missing:
            return None, missing
        return sum(quantity * (prices[item, term] or 0) for item, term, quantity in parts), ()


def _beside(base: Line, way: Line, assumed: Assumptions) -> Way:
    outcome, requests = _meet(base, way)
    per_second = requests / (assumed.hours_per_month * 3600) if requests is not None else None
    unknown = tuple(dict.fromkeys((*base.unknown, *way.unknown)))
    return Way(
        **way.model_dump(exclude={"unknown"}),
        unknown=unknown,
        outcome=outcome,
        requests=requests,
        per_second=per_second,
    )


def _meet(base: Line, way: Line) -> tuple[Outcome, float | None]:
    if base.fixed_usd is None or base.request_usd is None or way.fixed_usd is None or way.request_usd is None:
        return "unknown", None
    more, saved = way.fixed_usd - base.fixed_usd, base.request_usd - way.request_usd
    if more <= 0 and saved >= 0:
        return "always", 0
    if more >= 0 and saved <= 0:
        return "never", None
    return ("from" if saved > 0 else "until"), more / saved
