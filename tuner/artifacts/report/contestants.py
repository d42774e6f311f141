"""The part of a report about its contestants beside their scores: what they used, and what they cost in service."""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import ContestantName


class ContextCounts(Part):
    """How many examples or passages a contestant's prompts had, and how many of them gave the answer away."""

    parts: int = Field(description="examples and passages in all prompts")
    parts_with_answer: int = Field(description="those that have a right answer of their question word for word")
    questions_with_answer: int = Field(description="questions whose prompt has such a part")


class ContestantUse(Part):
    """What one contestant used, as measured with the run's answers, and what it costs. Null is unknown, never 0."""

    name: ContestantName
    title: str
    answers: int = Field(0, description="questions with an answer")
    failed: int = Field(0, description="questions without an answer")
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
