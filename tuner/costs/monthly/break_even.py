"""Computes from how many requests a month the tuned model costs less than its base model with retrieved passages.

Each is a straight line over n requests (see `lines`), and the lines cross at

    n = (fixed tuned - fixed base) / (base per request - tuned per request)
"""

from __future__ import annotations

from collections.abc import Sequence

from tuner.artifacts.costs.estimate import Rate
from tuner.artifacts.report.break_even import Assumptions, BreakEven, Line, Outcome, ServingOption
from tuner.costs.monthly.lines import MeanTokens, Service, ways
from tuner.settings.run.break_even import BreakEvenSettings


def break_even(assumed: Assumptions, rates: Sequence[Rate], on_demand: bool) -> BreakEven:
    """`rates` are the estimate's prices. `on_demand` says whether the model's family can be served on demand."""
    service = Service(rates, assumed.hours_per_month, assumed.model_units)
    base = service.by_token(
        "base model with passages in its prompt",
        MeanTokens(assumed.passages_tokens + assumed.question_tokens, assumed.answer_tokens),
        assumed.retrieval_usd_per_month,
    )
    tokens = MeanTokens(assumed.question_tokens, assumed.answer_tokens)
    options = (service.tuned(way, tokens) for way in ways(on_demand))
    return BreakEven(assumptions=assumed, base=base, ways=tuple(_compared(base, option, assumed) for option in options))


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
