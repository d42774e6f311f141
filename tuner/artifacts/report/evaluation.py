"""The part of a report about the evaluation: its questions with both answers, and how the scores were made."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from tuner.artifacts.base import Part
from tuner.artifacts.dataset import Coverage
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName
from tuner.artifacts.evaluation.measure_scores import Number
from tuner.artifacts.evaluation.question_scores import AnswerNotes, Outcome
from tuner.artifacts.evaluation.scores import PreviousBest, ScoringMembers


class ScoredAnswer(Part):
    """What a model answered to one question, and the scores of that."""

    answer: str | None = None
    error: str | None = Field(None, description="why there is no answer")
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: float | None = Field(None, description="null for an answer of a batch job")
    batch: bool = Field(
        False, description="whether a batch job gave it; absent if not", exclude_if=lambda batch: not batch
    )
    scores: dict[str, Number | None] = Field(default_factory=dict, description="by measure")


class Answer(ScoredAnswer, AnswerNotes):
    """What a model answered to one question, and how that was scored.

    If the question was asked several times, this is the first answer, with the mean scores of all.
    """

    further: tuple[ScoredAnswer, ...] = Field(
        (), description="absent if the question was asked once", exclude_if=lambda further: not further
    )


class Question(Part):
    """One question of the evaluation, its reference and all answers."""

    id: str
    question: str
    reference: str | None = None
    accepted: tuple[str, ...] = Field((), description="other answers that are right too")
    base: Answer | None = None
    tuned: Answer | None = None
    others: dict[ContestantName, Answer] = Field(
        default_factory=dict, description="the answers of the contestants beside base and tuned model"
    )
    outcome: Outcome | None = Field(None, description="of the tuned model, by verdict.metric")
    gain: float | None = Field(None, description="tuned minus base by verdict.metric, positive when tuned is better")
    review: tuple[str, ...] = Field((), description="why a person should look at it")
    coverage: Coverage | None = Field(None, description="how much the training data says about it, where that is known")

    def of(self, contestant: ContestantName) -> Answer | None:
        """The contestant's answer; None where it was not asked."""
        return {BASE: self.base, TUNED: self.tuned}.get(contestant, self.others.get(contestant))


class ScoringDetails(ScoringMembers):
    """How the scores were made: what each metric says about itself. A metric that says nothing has no member."""

    @model_serializer(mode="wrap")
    def _omit_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # The member `warnings` is written when it is empty: scores.json of a run always has it.
        written: dict[str, Any] = handler(self)
        return {name: value for name, value in written.items() if name in self.model_fields_set and value is not None}


class EarlierRun(PreviousBest):
    """The dataset's best earlier run: the means of its tuned model, and this run's tuned model compared with it."""

    scores: dict[str, float] = Field(description="means of the earlier run's tuned model, by measure")
