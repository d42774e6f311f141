"""The parts of a report that say what was done and what it cost."""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.approval import ApprovalAnswer, ApprovalDecision, ApprovalRequest
from tuner.artifacts.estimate import CostItem
from tuner.artifacts.report.base import Part


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
    adopted_from: str | None = Field(None, description="the run that trained the model, when it was another")
    started_at: str | None = None
    ended_at: str | None = None
    epochs: tuple[Epoch, ...] = ()
    steps: tuple[TrainingStep, ...] = ()
    best_epoch: float | None = Field(None, description="the epoch with the lowest validation loss")
    epochs_asked: float | None = None
    epochs_run: float | None = None
    stopped_early: bool = False
    metrics_files: tuple[str, ...] = ()
    hyperparameters: dict[str, str] = Field(default_factory=dict, description="what the job was started with")
    hyperparameters_why: dict[str, str] = Field(
        default_factory=dict, description="the reason of those that neither run.yaml nor the model's defaults decide"
    )


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
    kept_until: str | None = Field(None, description="when the release switch of an endpoint that the run keeps fires")
    paid_seconds: float | None = Field(None, description="from creation to release, the longest it can be billed for")


class Approval(Part):
    """The request to approve the run's cost, and the answer. The task token is not included."""

    asked_at: str
    expires_at: str
    decision: ApprovalDecision | None = Field(None, description="null when nobody answered in time")
    by: str | None = Field(None, description="ARN of the caller who answered")
    at: str | None = None
    reason: str = ""

    @classmethod
    def of(cls, request: ApprovalRequest, answer: ApprovalAnswer | None) -> Approval:
        """The two artifacts as one part of the report."""
        answered = answer.model_dump(exclude={"schema_version"}) if answer else {}
        return cls(asked_at=request.asked_at, expires_at=request.expires_at, **answered)

    @property
    def sentence(self) -> str:
        """The result in words."""
        if self.decision is None:
            return f"asked for, with no answer by {self.expires_at}"
        return f"{self.decision} by {self.by} at {self.at}{f': {self.reason}' if self.reason else ''}"


class Bill(Part):
    """What the run used, at the prices of its estimate. AWS's own bill can differ."""

    items: tuple[CostItem, ...] = ()
    total_usd: float | None = None
    unknown: tuple[str, ...] = Field((), description="items whose use or price is not known")


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


class Moment(Part):
    """A stretch of the run, or with no `ended_at` a point of it."""

    name: str
    started_at: str
    ended_at: str | None = None
    paid: bool = Field(False, description="paid for by the hour while it lasts")
