"""The part of a report about its contestants beside their scores: what they used, and what they cost in service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.report.break_even import Line


class ContextCounts(Part):
    """How many examples or passages a contestant's prompts had, and how many of them gave the answer away."""

    questions: int = Field(description="questions that the contestant was asked")
    parts: int = Field(description="examples and passages in all prompts")
    parts_with_answer: int = Field(description="those that have a right answer of their question word for word")
    questions_with_answer: int = Field(description="questions whose prompt has such a part")
    questions_without_part: int = Field(0, description="questions whose prompt has no example or passage")


class ContestantUse(Part):
    """What one contestant used, as measured with the run's answers, and what it costs. Null is unknown, never 0."""

    name: ContestantName
    title: str
    model: str | None = Field(None, description="name of another model than the run's; null: its base or tuned model")
    answers: int = Field(0, description="answers that were given, all of a question that was asked several times")
    failed: int = Field(0, description="answers that were not given, or are empty")
    input_tokens: float | None = Field(None, description="mean input tokens of a request")
    output_tokens: float | None = Field(None, description="mean output tokens of an answer")
    latency_ms_median: float | None = Field(None, description="median latency of an answer, in milliseconds")
    latency_ms_p95: float | None = Field(None, description="95 % of the answers took at most so many milliseconds")
    served: str = Field("", description="how it is paid for: by the token, on demand, or by throughput")
    usd_per_1000_answers: float | None = Field(
        None, description="tokens of 1,000 answers at the measured lengths; 0 for a model that is paid by the hour"
    )
    idle_usd_per_month: float | None = Field(
        None,
        description="what a month costs without any question: storage, throughput if it is paid by the hour, and the "
        "retrieval of passages",
    )
    context: ContextCounts | None = Field(None, description="null for a contestant without examples and passages")
    unknown: tuple[str, ...] = Field((), description="prices, or tokens, without which the costs are not known")


class ServiceLine(Line):
    """What a month costs with a contestant, served in one way: `fixed_usd` and `request_usd` for each answer.

    `name` is the way. Null is unknown.
    """

    contestant: ContestantName
    title: str


class VolumeRange(Part):
    """A range of answers a month in which one contestant, served in one way, costs least."""

    contestant: ContestantName
    title: str
    served: str = Field(description="how it is paid for")
    from_answers: float
    until_answers: float | None = Field(None, description="null: there is no end")


class Standing(Part):
    """Whether a contestant may be shipped by its quality, whatever it costs."""

    contestant: ContestantName
    title: str
    may_ship: Literal["yes", "no", "undecided"]
    meets_gate: Literal["yes", "no", "undecided"] | None = Field(None, description="null in a run without a gate")
    quality: Literal["best", "as_good", "worse", "undecided"] = Field(
        description="beside the best one; as_good: the interval, corrected for the number of comparisons, excludes the "
        "margin"
    )
    within: float | None = Field(
        None, description="of as_good: the interval of the difference reaches so far at most, in units of the measure"
    )
    reason: str = Field(description="what `may_ship` follows from")


class Recommendation(Part):
    """What to ship, in a sentence, and what would change it. The rules are in docs/report.md."""

    outcome: Literal["ship", "undecided", "none"] = Field(description="none: no contestant is good enough")
    contestant: ContestantName | None = Field(None, description="what to ship; null without a decision")
    sentence: str
    changes: tuple[str, ...] = Field((), description="what would change it")
    margin: float | None = Field(
        None, description="a smaller loss counts as none, in units of the measure that decides"
    )
    standings: tuple[Standing, ...] = ()
    cheapest: tuple[VolumeRange, ...] = Field(
        (), description="which of those that may be shipped costs least, by answers a month"
    )
