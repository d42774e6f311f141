"""The answers of a model: the records of `answers/<model>/<shard>.jsonl`."""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.base import Part


class Answer(Part):
    """A model's answer to one evaluation question, or the error that stands in its place."""

    id: str = Field(description="the question's id")
    answer: str | None = Field(None, description="null when the question could not be answered")
    error: str | None = Field(None, description="class and message of the error; null when there is an answer")
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None
