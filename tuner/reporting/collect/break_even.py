"""The report's answer to when the tuned model costs less than retrieval, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.costs.break_even import BreakEven, Way
from tuner.reporting.formatting import money, number, plural, quantity, whole


def outcome(way: Way) -> str:
    """When this way costs less, for a cell of the table."""
    if way.outcome == "unknown":
        return f"cannot be said: no price is known of {', '.join(way.unknown)}"
    if way.outcome in ("always", "never"):
        return way.outcome
    pace = f" ({number(way.per_second)} a second)" if way.per_second and way.per_second >= 0.1 else ""
    return f"{'from' if way.outcome == 'from' else 'up to'} {whole(way.requests)} requests a month{pace}"


def assumed(found: BreakEven) -> Iterator[str]:
    """What the answer rests on, in sentences."""
    given = found.assumptions
    measured = "the means of this run" if given.measured else "as given in run.yaml"
    yield (
        f"A request asks {quantity(round(given.question_tokens, 1))} tokens and is answered with "
        f"{quantity(round(given.answer_tokens, 1))} ({measured}); the base model reads "
        f"{whole(given.passages_tokens)} tokens of passages besides."
    )
    yield (
        f"Finding the passages costs {money(given.retrieval_usd_per_month)} a month. Throughput is "
        f"{plural(given.model_units, 'model unit')}, paid for {given.hours_per_month:g} hours a month; whether that "
        "bears the requests is for a test of the load to say."
    )
    yield "What training cost is paid once, and is not in it. 'break_even' in run.yaml changes the assumptions."
