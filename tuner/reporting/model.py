"""`report/report.json`: everything a run has to say for itself. docs/report.schema.json is made from these models.

Every part may be absent: a run that was refused in its first step has little more than an id and a reason.
Times are ISO 8601 in UTC, durations seconds, money US dollars.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tuner.run import PinnedInput

SCHEMA_VERSION: Literal[1] = 1
Status = Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]
Value = Literal["better", "worse", "undecided"]
Which = Literal["base", "tuned"]


class Part(BaseModel):
    """A part of the report. Fields that this version does not know are kept, so that steps may say more."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Failure(Part):
    """Why the run ended without a result."""

    error: str = Field(description="class of the error, as the execution's Error shows it")
    message: str = Field(description="what is wrong, where, and what to do")


class NamedModel(Part):
    """A model by the names a person and an API know it by."""

    id: str | None = Field(None, description="model id, inference profile or folder")
    arn: str | None = None
    name: str | None = Field(None, description="the name Amazon Bedrock gives it")
    stand_in: bool = Field(False, description="not the model its id names, but a local stand-in for it")


class Models(Part):
    """Every model that had a part in the numbers."""

    base: NamedModel | None = None
    tuned: NamedModel | None = None
    judge: NamedModel | None = None
    bertscore: NamedModel | None = None


class Epoch(Part):
    """One pass over the training data."""

    epoch: float
    training_loss: float | None = None
    validation_loss: float | None = None


class TrainingStep(Part):
    """One optimizer step."""

    step: float
    epoch: float | None = None
    training_loss: float | None = None


class Training(Part):
    """What the customization job did (`training/summary.json`)."""

    job_arn: str | None = None
    job_name: str | None = None
    custom_model_arn: str | None = None
    custom_model_name: str | None = None
    status: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    epochs: tuple[Epoch, ...] = ()
    steps: tuple[TrainingStep, ...] = ()
    best_epoch: float | None = Field(None, description="the epoch with the lowest validation loss")
    epochs_asked: float | None = None
    epochs_run: float | None = None
    stopped_early: bool = False
    metrics_files: tuple[str, ...] = ()


class Serving(Part):
    """The endpoint that answered for the tuned model (`serving/endpoint.json`)."""

    kind: str | None = Field(None, description="provisioned or on_demand")
    arn: str | None = None
    name: str | None = None
    model_units: int | None = None
    commitment: str | None = None
    created_at: str | None = None
    in_service_at: str | None = None
    released_at: str | None = None
    paid_seconds: float | None = Field(None, description="from creation to release, the longest it can be billed for")


class CostItem(Part):
    """One line of the estimate."""

    name: str
    quantity: float | None = None
    unit: str | None = None
    unit_price_usd: float | None = None
    usd: float | None = None
    source: str | None = Field(None, description="where the price is from, and its date")


class Estimate(Part):
    """What the run was expected to cost, before anything was spent (`estimate.json`)."""

    items: tuple[CostItem, ...] = ()
    total_usd: float | None = None
    unknown: tuple[str, ...] = Field((), description="items whose price is not known")
    budget_usd: float | None = None


class Finding(Part):
    """One thing that the validation found in a file."""

    severity: str
    message: str
    file: str | None = None
    line: int | None = None
    field: str | None = None
    rule: str | None = None
    remedy: str | None = None


class Findings(Part):
    """What the validation of the dataset found (`dataset/findings.json`)."""

    errors: int = 0
    warnings: int = 0
    findings: tuple[Finding, ...] = Field((), description="the first ones")
    counts: dict[str, int] = Field(default_factory=dict, description="findings by rule")


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

    value: Value
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
    stop_reason: str | None = None
    scores: dict[str, float | None] = Field(default_factory=dict)
    reasoning: str | None = Field(None, description="the judge's reasons for `scores.correctness`")
    problem: str | None = Field(None, description="why the judge's verdict could not be used")


class Question(Part):
    """One question of the evaluation, its reference and both answers."""

    id: str
    question: str
    reference: str | None = None
    base: Answer | None = None
    tuned: Answer | None = None
    outcome: Literal["win", "tie", "loss"] | None = Field(None, description="of the tuned model, by verdict.metric")
    gain: float | None = Field(None, description="tuned minus base by verdict.metric, positive when tuned is better")


class Verdict(Part):
    """The run in one sentence."""

    value: Value | None = Field(None, description="null when there is nothing to decide on")
    sentence: str
    metric: str | None = Field(None, description="the metric that decides")
    more_questions: int | None = Field(None, description="how many more would decide; null when no number is known")
    notes: tuple[str, ...] = Field((), description="what to know before believing it")


class Moment(Part):
    """A stretch of the run, or with no `ended_at` a point of it."""

    name: str
    started_at: str
    ended_at: str | None = None


class Report(BaseModel):
    """A run's report."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Report of a fine-tuning run")

    schema_version: Literal[1] = SCHEMA_VERSION
    run_id: str
    dataset: str | None = Field(None, description="null when the run was refused before its inputs were pinned")
    status: Status
    failure: Failure | None = None
    verdict: Verdict
    started_at: str | None = None
    ended_at: str = Field(description="when this report was written")
    execution_arn: str | None = None
    folder: str = Field(description="s3:// address of everything the run made")
    stand_ins: tuple[str, ...] = Field((), description="names of everything that stood in for the real thing")
    models: Models = Models()
    scores: dict[str, Metric] = Field(default_factory=dict, description="by metric")
    scoring: dict[str, Any] = Field(default_factory=dict, description="what else scores.json says, of all metrics")
    questions: tuple[Question, ...] = ()
    training: Training | None = None
    serving: Serving | None = None
    estimate: Estimate | None = None
    timeline: tuple[Moment, ...] = ()
    dataset_summary: dict[str, Any] = Field(default_factory=dict)
    findings: Findings | None = None
    inputs: tuple[PinnedInput, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)
    hyperparameters: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
