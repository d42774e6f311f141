"""Computes from how many requests a month the tuned model costs less than its base model with retrieved passages.

Both have a fixed cost per month and a cost per request, so each is a straight line over n requests:

    base   retrieval                          + n * ((passages + question) * input + answer * output)
    tuned  storage                            + n * (question * custom_input + answer * custom_output)   on demand
    tuned  storage + units * hours * hourly   + n * 0                                                    throughput

The lines cross at n = (fixed tuned - fixed base) / (base per request - tuned per request). The cost of training is
paid once and is part of neither line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tuner.artifacts.costs.estimate import Rate
from tuner.artifacts.report.break_even import Assumptions, BreakEven, Line, Outcome, ServingOption
from tuner.settings.break_even import BreakEvenSettings

_HOURS_PER_MONTH = 730
_TERMS = {
    "hourly": "throughput by the hour",
    "OneMonth": "throughput for a term of one month",
    "SixMonths": "throughput for a term of six months",
}


def break_even(assumed: Assumptions, rates: Sequence[Rate], on_demand: bool) -> BreakEven:
    """`rates` are those of the estimate; `on_demand`: whether the model's family can be served on demand."""
    return _Month(assumed, {(rate.item, rate.term): rate.usd for rate in rates}).compare(on_demand)


def assumptions(
    settings: BreakEvenSettings, units: int, question_tokens: Sequence[int], answer_tokens: Sequence[int]
) -> Assumptions | None:
    """The settings, completed with means of the run's own tokens. None when such a mean is needed and missing."""
    measured = {"question_tokens": _mean(question_tokens), "answer_tokens": _mean(answer_tokens)}
    missing = [name for name in measured if getattr(settings, name) is None]
    if any(measured[name] is None for name in missing):
        return None
    given = settings.model_dump() | {name: measured[name] for name in missing}
    return Assumptions(**given | {"model_units": settings.model_units or units, "measured": tuple(missing)})


def _mean(numbers: Sequence[int]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


class _Month:
    def __init__(self, assumed: Assumptions, usd: Mapping[tuple[str, str | None], float | None]) -> None:
        self._assumed = assumed
        self._usd = usd

    def compare(self, on_demand: bool) -> BreakEven:
        base = self._base()
        return BreakEven(
            assumptions=self._assumed,
            base=base,
            ways=tuple(_compared(base, option, self._assumed) for option in self._options(on_demand)),
        )

    def _base(self) -> Line:
        read = self._assumed.passages_tokens + self._assumed.question_tokens
        request, unknown = self._sum(("input", None, read), ("output", None, self._assumed.answer_tokens))
        name = "base model with passages in its prompt"
        return Line(name=name, fixed_usd=self._assumed.retrieval_usd_per_month, request_usd=request, unknown=unknown)

    def _options(self, on_demand: bool) -> Iterator[Line]:
        if on_demand:
            fixed, first = self._sum(("storage", None, 1))
            asked, answered = self._assumed.question_tokens, self._assumed.answer_tokens
            request, second = self._sum(("custom_input", None, asked), ("custom_output", None, answered))
            yield Line(name="on demand", fixed_usd=fixed, request_usd=request, unknown=(*first, *second))
        for term, name in _TERMS.items():
            # Hourly throughput can be deleted outside of the hours of service; a commitment is paid for every hour.
            hours = self._assumed.hours_per_month if term == "hourly" else _HOURS_PER_MONTH
            fixed, unknown = self._sum(("storage", None, 1), ("throughput", term, self._assumed.model_units * hours))
            yield Line(name=name, fixed_usd=fixed, request_usd=0, unknown=unknown)

    def _sum(self, *parts: tuple[str, str | None, float]) -> tuple[float | None, tuple[str, ...]]:
        """The cost of all parts, or None and the names of the prices that are missing."""
        prices = {(item, term): self._usd.get((item, term)) for item, term, _ in parts}
        missing = tuple(" ".join(filter(None, key)) for key, usd in prices.items() if usd is None)
        if missing:
            return None, missing
        return sum(quantity * (prices[item, term] or 0) for item, term, quantity in parts), ()


def _compared(base: Line, option: Line, assumed: Assumptions) -> ServingOption:
    outcome, requests = _crossing(base, option)
    per_second = requests / (assumed.hours_per_month * 3600) if requests is not None else None
    unknown = tuple(dict.fromkeys((*base.unknown, *option.unknown)))
    return ServingOption(
        **option.model_dump(exclude={"unknown"}),
        unknown=unknown,
        outcome=outcome,
        requests=requests,
        per_second=per_second,
    )


def _crossing(base: Line, option: Line) -> tuple[Outcome, float | None]:
    if base.fixed_usd is None or base.request_usd is None or option.fixed_usd is None or option.request_usd is None:
        return "unknown", None
    more_per_month = option.fixed_usd - base.fixed_usd
    saved_per_request = base.request_usd - option.request_usd
    if more_per_month <= 0 and saved_per_request >= 0:
        return "always", 0
    if more_per_month >= 0 and saved_per_request <= 0:
        return "never", None
    # The tuned model costs less per request: it pays off above the crossing. If it costs more per request (and less
    # per month), it pays off below.
    return ("from" if saved_per_request > 0 else "until"), more_per_month / saved_per_request
