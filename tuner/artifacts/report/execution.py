"""The parts of a report that say what was done and what it cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tuner.artifacts.estimate import Rate
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


class CostItem(Part):
    """One line of the estimate."""

    name: str
    quantity: float | None = None
    unit: str | None = None
    unit_price_usd: float | None = None
    usd: float | None = None
    source: str | None = Field(None, description="where the price is from, and its date")
    counted: bool = Field(True, description="false for what nobody counts: it is carried over from the estimate")


class Estimate(Part):
    """What the run was expected to cost, before anything was spent (`estimate.json`)."""

    items: tuple[CostItem, ...] = ()
    total_usd: float | None = None
    unknown: tuple[str, ...] = Field((), description="items whose price is not known")
    rates: tuple[Rate, ...] = Field((), description="prices of serving, for the break-even")
    budget_usd: float | None = None
    warnings: tuple[str, ...] = Field((), description="what the account and the settings warn of")


class Approval(BaseModel):
    """What a person was asked about the run's cost, and answered. The task token is not among it."""

    # Not a Part, which keeps what it does not know: the token must not come along.
    model_config = ConfigDict(extra="ignore", frozen=True)

    asked_at: str
    expires_at: str
    decision: str | None = Field(None, description="approved or rejected; null when nobody answered in time")
    by: str | None = Field(None, description="ARN of who answered")
    at: str | None = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What became of the question, in words."""
        if self.decision is None:
            return f"asked for, with no answer by {self.expires_at}"
        return f"{self.decision} by {self.by} at {self.at}{f': {self.reason}' if self.reason else ''}"


class Bill(Part):
    """What the run used, at the estimate's prices: not AWS's bill, which is the account's."""

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
