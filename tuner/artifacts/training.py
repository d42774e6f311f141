"""The records of customization jobs: `training/job.json`, `training/summary.json`, `runs/training-<hash>.json`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field, RootModel

from tuner.artifacts.base import Artifact, Part
from tuner.core.artifact_keys import Keys


class JobRecord(Artifact):
    """`training/job.json`: the customization job that the run uses. Times are ISO 8601 in UTC.

    It is written before the job starts, so that a release knows which job to look for.
    """

    NAME: ClassVar[str] = Keys.TRAINING_JOB

    run_id: str
    trained_by: str = Field(description="the run that started the job: not `run_id` when the job is adopted")
    job_name: str
    recorded_at: str
    fingerprint: str | None = Field(None, description="hash of the data, the base model and the hyperparameters")
    job_arn: str | None = Field(None, description="null until Bedrock has confirmed the job")
    stopped_at: str | None = Field(None, description="when the release of this run stopped the job")
    left_at: str | None = Field(None, description="when a release let the job complete because its training was done")
    refused: str | None = Field(
        None,
        description="of a candidate: why Bedrock did not start its job; absent otherwise",
        exclude_if=lambda reason: reason is None,
    )

    @property
    def adopted(self) -> bool:
        """Whether another run started the job."""
        return self.trained_by != self.run_id


class JobUse(Part):
    """One run that uses a customization job."""

    run_id: str
    trained_by: str
    job_name: str


class JobUses(RootModel[tuple[JobUse, ...]]):
    """`runs/training-<fingerprint>.json`: the runs that use jobs with this fingerprint, the newest last.

    All runs share this document.
    """

    model_config = ConfigDict(frozen=True)

    root: tuple[JobUse, ...] = ()


class TrainingStep(Part):
    """One step of the training."""

    step: int
    epoch: int | None = None
    training_loss: float | None = Field(None, description="null where Bedrock wrote no finite number")


class Epoch(Part):
    """One pass over the training data."""

    epoch: int
    training_loss: float | None = Field(None, description="mean of the epoch's steps")
    validation_loss: float | None = Field(None, description="the epoch's last validation loss")
    steps: int | None = None


class CandidateResult(Part):
    """One of several customizations of a run, and what became of it."""

    number: int
    base_model: str
    hyperparameters: dict[str, str]
    job_name: str
    job_arn: str | None = Field(None, description="null when Bedrock did not start the job")
    custom_model_arn: str | None = Field(None, description="null when the customization failed")
    failure: str | None = Field(None, description="why there is no model")
    adopted_from: str | None = Field(None, description="the run that trained the model, when it was another")
    started_at: str | None = None
    ended_at: str | None = None
    epochs_asked: int
    epochs_run: int | None = Field(None, description="null when the job failed, or Bedrock wrote no metrics")
    validation_loss: float | None = Field(None, description="after the epoch whose weights the model has")
    chosen: bool = False

    @property
    def epochs_paid(self) -> int | None:
        """The epochs that this run pays for; None when that is not known, as for a job that failed."""
        return 0 if self.adopted_from or self.job_arn is None else self.epochs_run


class TrainingSummary(Artifact):
    """`training/summary.json`: the completed customization job, its times and its losses.

    With candidates, the job of the chosen one.
    """

    NAME: ClassVar[str] = Keys.TRAINING_SUMMARY

    job_arn: str | None = None
    job_name: str | None = None
    custom_model_arn: str | None = None
    custom_model_name: str | None = None
    status: str | None = None
    adopted_from: str | None = Field(None, description="the run that trained the model, when it was another")
    started_at: str | None = None
    ended_at: str | None = None
    hyperparameters: dict[str, str] = Field(default_factory=dict, description="what the job was started with")
    hyperparameters_why: dict[str, str] = Field(
        default_factory=dict, description="the reason of those that neither run.yaml nor the model's defaults decide"
    )
    epochs: tuple[Epoch, ...] = ()
    steps: tuple[TrainingStep, ...] = ()
    best_epoch: int | None = Field(None, description="the epoch with the lowest validation loss, or the last one")
    epochs_asked: int | None = None
    epochs_run: int | None = Field(None, description="null when Bedrock wrote no metrics")
    stopped_early: bool = False
    metrics_files: tuple[str, ...] = Field((), description="keys of the metrics files in the artifacts bucket")
    candidates: tuple[CandidateResult, ...] = Field(
        (),
        description="all candidates, the chosen one too; absent when the run has a single customization",
        exclude_if=lambda candidates: not candidates,
    )
    choice: str | None = Field(
        None,
        description="why the chosen candidate was chosen; absent when the run has a single customization",
        exclude_if=lambda choice: choice is None,
    )

    @property
    def chosen_base_model(self) -> str | None:
        """The base model of the chosen candidate; None when the run has a single customization."""
        return next((each.base_model for each in self.candidates if each.chosen), None)
