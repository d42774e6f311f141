"""The model of `report/report.json`. docs/report.schema.json is generated from it.

    Report
    ├── status, failure, verdict        how the run ended, and whether the tuned model is better
    ├── next_steps, model_call          what to do now, and how to call the tuned model
    ├── models, stand_ins               the models that it used
    ├── scores, gate, earlier, ...      of the evaluation, by measure
    ├── questions                       each question with both answers and their scores
    ├── training, serving, commitment   of the customization job and the endpoints
    ├── estimate, approval, bill        what it was expected to cost, and what it cost
    └── dataset_summary, findings, generated, inputs, settings, hyperparameters, versions

Every part can be absent: a run that was refused in its first step has little more than an id and a failure. Times are
ISO 8601 in UTC, durations are in seconds, money is in US dollars.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field, field_validator

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.dataset import DatasetFindings, DatasetSummary
from tuner.artifacts.evaluation.gate import Gate, GateResult
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.people import HumanScores
from tuner.artifacts.evaluation.scores import Correlation
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.guard import GuardScores
from tuner.artifacts.manifest import PinnedInput, WrittenSettings
from tuner.artifacts.report.break_even import BreakEven
from tuner.artifacts.report.contestants import ContestantUse, Recommendation, ServiceLine
from tuner.artifacts.report.evaluation import EarlierRun, Question, ScoringDetails
from tuner.artifacts.report.execution import Approval, Bill, Generated, ServingEndpoint, TimelineEvent
from tuner.artifacts.report.next_steps import ModelCall, NextStep
from tuner.artifacts.report.run_summary import RunStatus
from tuner.artifacts.serving import EndpointDetails
from tuner.artifacts.training import TrainingSummary
from tuner.core.artifact_keys import Keys


class Failure(Part):
    """Why the run ended without a result."""

    error: str = Field(description="class of the error, as the execution's Error shows it")
    message: str = Field(description="what is wrong, where, and what to do")


class NamedModel(Part):
    """A model with its id for the API and its name for people."""

    id: str | None = Field(None, description="model id, inference profile or folder")
    arn: str | None = None
    name: str | None = Field(None, description="the name Amazon Bedrock gives it")
    stand_in: bool = Field(False, description="not the model its id names, but a local stand-in for it")


class Models(Part):
    """The models that the run used."""

    base: NamedModel | None = None
    tuned: NamedModel | None = None
    judge: NamedModel | None = None
    bertscore: NamedModel | None = None
    generator: NamedModel | None = Field(None, description="wrote the generated data, from documents")


class Report(Artifact):
    """A run's report."""

    NAME: ClassVar[str] = Keys.REPORT

    model_config = ConfigDict(title="Report of a fine-tuning run")

    run_id: str
    dataset: str | None = Field(None, description="null when the run was refused before its inputs were pinned")
    status: RunStatus
    failure: Failure | None = None
    verdict: Verdict
    recommendation: Recommendation | None = Field(
        None, description="what to ship, and what would change it; null without scores"
    )
    next_steps: tuple[NextStep, ...] = Field((), description="what to do now, the most important first")
    model_call: ModelCall | None = Field(None, description="null when no model was tuned")
    started_at: str | None = None
    ended_at: str = Field(description="when this report was written")
    execution_arn: str | None = None
    folder: str = Field(description="s3:// address of everything the run made")
    unreadable: tuple[str, ...] = Field(
        (), description="artifacts that a failed run's report had to leave out, and why"
    )
    stand_ins: tuple[str, ...] = Field((), description="names of everything that stood in for the real thing")
    models: Models = Models()
    scores: dict[str, MeasureScores] = Field(default_factory=dict, description="by measure")
    # A comparison of files has no model to tag, so it has a result only.
    gate: Gate | GateResult | None = Field(None, description="null when the run's settings have no gate")
    people: HumanScores | None = Field(None, description="null until people scored answers")
    agreement: tuple[Correlation, ...] = ()
    scoring: ScoringDetails = ScoringDetails()
    earlier: EarlierRun | None = Field(
        None, description="the dataset's best earlier run on the same questions, by the measure that decides"
    )
    contestants: tuple[ContestantUse, ...] = Field(
        (), description="what each contestant used, how fast it was and what it costs; empty where none was asked"
    )
    monthly_costs: tuple[ServiceLine, ...] = Field(
        (), description="what a month costs with each contestant, in every way to serve it, at the measured tokens"
    )
    questions: tuple[Question, ...] = ()
    guard: GuardScores | None = Field(None, description="null when the run asked no guard questions")
    training: TrainingSummary | None = None
    serving: ServingEndpoint | None = None
    commitment: EndpointDetails | None = Field(
        None, description="throughput that was bought for a term, after the gate accepted the model"
    )
    estimate: Estimate | None = None
    approval: Approval | None = Field(None, description="null when the run asked nobody")
    bill: Bill | None = None
    break_even: BreakEven | None = Field(
        None,
        description="null without answers to take the tokens from, or an estimate to take the prices from. Also null "
        "where the run measured the contestant `retrieval`: `monthly_costs` has it, and nothing is assumed",
    )
    timeline: tuple[TimelineEvent, ...] = ()
    dataset_summary: DatasetSummary | None = None
    generated: Generated | None = Field(None, description="null when no data was made from documents")
    findings: DatasetFindings | None = None
    inputs: tuple[PinnedInput, ...] = ()
    settings: WrittenSettings | None = Field(
        None, description="null when the run was refused before its inputs were pinned"
    )
    hyperparameters: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)

    @field_validator("settings", mode="before")
    @classmethod
    def _no_settings(cls, value: Any) -> Any:
        # Release 0.1.0 wrote {} for a run without settings.
        return value or None
