"""The answers of a model (`answers/<model>/<shard>.jsonl`), and how many questions a run asked that may stop early."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.core.artifact_keys import Keys
from tuner.core.wording import plural

# Each look at the scores costs the time of grading while the model is paid for. Twenty are as good as more.
MOST_LOOKS = 20


class Answer(Part):
    """A model's answer to one evaluation question, or the error that stands in its place."""

    id: str = Field(description="the question's id")
    sample: int | None = Field(
        None,
        description="which of several answers to the question, from 0; absent if it is the only one",
        exclude_if=lambda sample: sample is None,
    )
    answer: str | None = Field(None, description="null when the question could not be answered")
    error: str | None = Field(None, description="class and message of the error; null when there is an answer")
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = Field(None, description="null for an answer of a batch job")
    batch: bool = Field(
        False, description="whether a batch job gave it; absent if not", exclude_if=lambda batch: not batch
    )

    @property
    def number(self) -> int:
        """Which answer to the question it is, from 0."""
        return self.sample or 0


class Stopping(Part):
    """How many questions the tuned model was asked when the scores were looked at last."""

    questions: int = Field(description="all evaluation questions")
    units: int = Field(description="how many of them, or groups of them, are independent")
    asked: int = Field(description="questions that the tuned model was asked at the last look")
    looks: int = Field(description="how often the scores were looked at")
    decided: bool = Field(description="whether the answers decided, so that no more questions were asked")

    @property
    def sentence(self) -> str:
        """Where the answering stopped, and what that means."""
        if self.decided:
            left = self.questions - self.asked
            return (
                f"Answering stopped early, after {self.asked:,} of {self.questions:,} questions in random order: they "
                f"decided. {left:,} questions ({left / self.questions:.0%}) were not asked. The intervals are wider, "
                "because the scores could have been looked at after every batch."
            )
        return (
            f"Answering could stop early, but no batch decided, so all {self.questions:,} questions were asked. The "
            f"intervals are a little wider, because of the {plural(self.looks, 'look')} before."
        )


class EarlyStop(Artifact):
    """The whole file. A run that may stop early writes it after each batch of questions."""

    NAME: ClassVar[str] = Keys.LOOKS

    stopping: Stopping
