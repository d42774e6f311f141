"""Puts the break-even of the tuned model into words, for the report."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.costs.amounts import money
from tuner.artifacts.report.break_even import BreakEven, ServingOption
from tuner.core.wording import plural
from tuner.reporting.formatting import integer, number, quantity


def outcome(option: ServingOption) -> str:
    """When this way to serve the tuned model costs less, for a cell of the table."""
    if option.outcome == "unknown":
        return f"unknown: there is no price for {', '.join(option.unknown)}"
    if option.outcome in ("always", "never"):
        return option.outcome
    rate = f" ({number(option.per_second)} a second)" if option.per_second and option.per_second >= 0.1 else ""
    return f"{'from' if option.outcome == 'from' else 'up to'} {integer(option.requests)} requests a month{rate}"


def assumed(found: BreakEven) -> Iterator[str]:
    """The assumptions, in sentences."""
    given = found.assumptions
    measured = "the means of this run" if given.measured else "as given in run.yaml"
    yield (
        f"A request has {quantity(round(given.question_tokens, 1))} input tokens and "
        f"{quantity(round(given.answer_tokens, 1))} output tokens ({measured}). The base model reads another "
        f"{integer(given.passages_tokens)} tokens of passages."
    )
    yield (
        f"Retrieving the passages costs {money(given.retrieval_usd_per_month)} a month. Throughput has "
        f"{plural(given.model_units, 'model unit')}, paid for {given.hours_per_month:g} hours a month. Only a load "
        "test shows whether that is enough for the requests."
    )
    yield "The cost of training is paid once and is not included. 'break_even' in run.yaml changes the assumptions."
