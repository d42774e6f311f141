"""The part of a report that says whether the tuned model is better."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tuner.artifacts.report.base import Part
from tuner.artifacts.report.dataset import Coverage
from tuner.artifacts.verdict import VerdictValue

Decision = Literal["accepted", "rejected", "undecided", "none"]


class Aggregate(Part):
    """One model's scores by one metric."""

    mean: float | None = None
    standard_error: float | None = None
    n: int | None = Field(None, description="answers that count towards the mean")
    missing: int = Field(0, description="answers without a score of their own")
    failed: int = Field(0, description="answers that were not given; they count as the worst score")


class Comparison(Part):
    """Tuned minus base, paired by question."""

    n: int = Field(0, description="questions that both models have a score for")
    interval: tuple[float, float] | None = Field(None, description="95 % interval of the mean difference")
    sign_test_p: float | None = None
    wins: int = 0
    ties: int = 0
    losses: int = 0
    smallest_detectable: float | None = Field(None, description="what this many questions could show")


class Conclusion(Part):
    """What one metric says by itself."""

    value: VerdictValue
    sentence: str


class Metric(Part):
    """Base against tuned by one metric."""

    label: str | None = None
    range: tuple[float, float] | None = Field(None, description="lowest and highest possible value")
    better: Literal["higher", "lower"] | None = Field("higher", description="null for one that only describes")
    base: Aggregate | None = None
    tuned: Aggregate | None = None
    references: Aggregate | None = Field(None, description="the same, measured on the reference answers")
    difference: float | None = Field(None, description="tuned minus base")
    comparison: Comparison = Comparison()
    conclusion: Conclusion | None = None


class Answer(Part):
    """What a model answered to one question, and how that was scored."""

    answer: str | None = None
    error: str | None = Field(None, description="why there is no answer")
    failed: bool = Field(False, description="no answer to score: counts as the worst score")
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: float | None = None
    scores: dict[str, float | None] = Field(default_factory=dict)
    reasoning: str | None = Field(None, description="the judge's reasons for `scores.correctness`")
    problem: str | None = Field(None, description="why the judge's verdict could not be used")
    human: bool = Field(False, description="`scores.correctness` is a person's")


class Question(Part):
    """One question of the evaluation, its reference and both answers."""

    id: str
    question: str
    reference: str | None = None
    base: Answer | None = None
    tuned: Answer | None = None
    outcome: Literal["win", "tie", "loss"] | None = Field(None, description="of the tuned model, by verdict.metric")
    gain: float | None = Field(None, description="tuned minus base by verdict.metric, positive when tuned is better")
    review: tuple[str, ...] = Field((), description="why a person should look at it")
    coverage: Coverage | None = Field(None, description="how much the training data says about it, where that is known")


class GateRule(Part):
    """One rule of the run's gate, and what it came to."""

    measure: str
    rule: str
    decision: Decision
    sentence: str
    numbers: dict[str, Any] = Field(default_factory=dict, description="what it was decided by, see gate.md")


class Gate(Part):
    """Whether the tuned model may be used, by the rules of the run's settings (`scores/gate.json`)."""

    decision: Decision
    sentence: str
    rules: tuple[GateRule, ...] = ()
    custom_model_arn: str | None = None
    tag: Decision | None = Field(None, description="what the custom model is tagged with; null: with the decision")
    announced: bool = Field(False, description="the custom model is tagged, and an event was put")


class Correlation(Part):
    """Spearman's rank correlation of what two metrics say about the same questions."""

    one: str
    other: str
    rho: float
    n: int = Field(description="questions")


class JudgeAgreement(Part):
    """How far the judge agrees with people about the same answers."""

    n: int = Field(description="answers that both scored")
    rho: float | None = Field(None, description="Spearman's rank correlation")
    mean_difference: float | None = Field(None, description="judge minus people")


class People(Part):
    """The scores that people gave in the judge's place."""

    questions: int
    answers: int
    of_answers: int
    judge_agreement: JudgeAgreement | None = None
