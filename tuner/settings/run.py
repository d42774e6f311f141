"""What a run may ask for: the keys of run.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from tuner.core.strict_model import StrictModel
from tuner.settings.break_even import BreakEvenSettings
from tuner.settings.evaluation import EvaluationSettings, GateRule, check_gate

Commitment = Literal["OneMonth", "SixMonths"]
Serving = Literal["provisioned", "on_demand", "none", "auto"]


class FieldNames(StrictModel):
    """Which fields of a record hold the question and the answer; recognised by their names when not given."""

    prompt: str | None = Field(None, description="field that holds the question")
    completion: str | None = Field(None, description="field that holds the answer")


class ValidationSettings(StrictModel):
    """What happens when the dataset has no `validation.*`."""

    fraction: float = Field(0.15, gt=0, le=0.5, description="share of the training records held out, by content hash")


class GenerateSettings(StrictModel):
    """Validation data made from `documents/*`, when the dataset has documents and no `validation.*`."""

    count: int = Field(32, ge=0, le=1000, description="question-answer pairs to make; 0 makes none")
    model: str | None = Field(None, description="model id or inference profile that reads; the run's judge when absent")


class InferenceSettings(StrictModel):
    """How both models are asked. Temperature 0 makes the comparison repeatable."""

    max_tokens: int = Field(512, ge=1, le=8192, description="longest answer, in tokens")
    temperature: float = Field(0.0, ge=0, le=1, description="0 gives the same answer each time")
    top_p: float | None = Field(None, gt=0, le=1, description="sent only when given")
    stop_sequences: tuple[str, ...] = Field((), max_length=4, description="texts that end an answer")


class JudgeSettings(StrictModel):
    """The model that grades the answers."""

    model: str | None = Field(None, description="model id or inference profile; the deployment's judge when absent")
    max_tokens: int = Field(1024, ge=64, le=8192, description="longest verdict, in tokens")
    temperature: float = Field(0.0, ge=0, le=1, description="sent only to models that take one")
    top_p: float | None = Field(None, gt=0, le=1, description="when given, sent in the temperature's place")
    attempts: int = Field(3, ge=1, le=10, description="how often a malformed verdict is asked for again")


class BertScoreSettings(StrictModel):
    """The encoder behind BERTScore."""

    model: str | None = Field(None, description="encoder; the deployment's when absent, and no other in a run")
    layer: int | None = Field(
        None, ge=1, le=48, description="hidden layer; the built encoder's when absent, and no other"
    )


class RunSettings(StrictModel):
    """run.yaml: every key has a default, and an unknown key is an error."""

    base_model: str | None = Field(None, description="model to customize; the deployment's base model when absent")
    system_prompt: str | None = Field(None, min_length=1, description="put into every record and every question")
    fields: FieldNames = FieldNames()
    hyperparameters: dict[str, int | float | str] = Field(
        default_factory=dict, description="by Bedrock's names; the model family's defaults when absent"
    )
    validation: ValidationSettings = ValidationSettings()
    generate: GenerateSettings = GenerateSettings()
    serving: Serving = Field(
        "auto",
        description="how the tuned model answers the evaluation questions; auto is on demand where the model allows it",
    )
    model_units: int = Field(1, ge=1, le=100, description="model units of provisioned throughput")
    commitment: Commitment | None = Field(
        None, description="term of the throughput that is bought once the gate accepted the model; absent is none"
    )
    keep_hours: float = Field(
        0,
        ge=0,
        le=720,
        description="hours for which the endpoint of a model that the gate accepts is kept, once scored",
    )
    inference: InferenceSettings = InferenceSettings()
    judge: JudgeSettings = JudgeSettings()
    bertscore: BertScoreSettings = BertScoreSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    gate: dict[str, GateRule] = Field(
        default_factory=dict, description="by measure, what the tuned model must reach to be accepted"
    )
    break_even: BreakEvenSettings = BreakEvenSettings()
    budget_usd: float | None = Field(None, gt=0, description="the run stops before any spend when it would cost more")

    @field_validator("hyperparameters", mode="before")
    @classmethod
    def _no_yes_or_no(cls, values: object) -> object:
        """YAML reads `yes` as true, which would be taken for 1."""
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, bool):
                raise ValueError(f"{name} must be a number or text, not {str(value).lower()}")
        return values

    @field_validator("gate")
    @classmethod
    def _gate_is_measured(cls, gate: dict[str, GateRule], info: ValidationInfo) -> dict[str, GateRule]:
        if "evaluation" in info.data:
            check_gate(gate, info.data["evaluation"].metrics)
        if gate and info.data.get("serving") == "none":
            raise ValueError("a model that is not served is not scored, so that nothing could be decided")
        return gate
