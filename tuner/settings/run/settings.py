"""Settings of a run: the keys of run.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from tuner.catalog.guard_questions import MAX_TOKENS, MEASURE
from tuner.catalog.judges import judge_or_assumed
from tuner.catalog.metrics import METRICS, OWN_MEASURES, range_of
from tuner.catalog.tasks import TASKS, TaskName
from tuner.core.strict_model import StrictModel, is_from_artifact
from tuner.settings.run.break_even import BreakEvenSettings
from tuner.settings.run.candidates import (
    MOST_CANDIDATES,
    CandidateSettings,
    HyperparameterValue,
    check_number,
    without_booleans,
)
from tuner.settings.run.contestants import (
    DEFAULT_COMPARED,
    ComparedWith,
    FewShotSettings,
    RetrievalSettings,
    check_compared,
)
from tuner.settings.run.evaluation import EvaluationSettings
from tuner.settings.run.fields import FieldNames
from tuner.settings.run.gate import GateRule, check_contestants, check_gate, check_guard_rule, check_rule, check_slices
from tuner.settings.run.generation import GenerateSettings, ValidationSettings
from tuner.settings.run.inference import InferenceSettings
from tuner.settings.run.judge import BertScoreSettings, JudgeSettings
from tuner.settings.run.scorer import ScorerSettings
from tuner.settings.run.tasks import ClassificationSettings, ExtractionSettings

Commitment = Literal["OneMonth", "SixMonths"]
Serving = Literal["provisioned", "on_demand", "none", "auto"]


_SAY_WHICH = "name it with its range and the better values in scorer.measures"


class RunSettings(StrictModel):
    """run.yaml. Every key has a default, and an unknown key is an error."""

    base_model: str | None = Field(
        None, description="model id of the model to customize; by default the deployment's base model"
    )
    system_prompt: str | None = Field(
        None, min_length=1, description="system prompt of every record and every question"
    )
    task: Literal["auto", "answer", "classification", "extraction"] = Field(
        "auto",
        description="what the answers are: free text (answer), labels (classification) or JSON objects (extraction); "
        "auto recognises it ([tasks.md](tasks.md))",
    )
    classification: ClassificationSettings = ClassificationSettings()
    extraction: ExtractionSettings = ExtractionSettings()
    fields: FieldNames = FieldNames()
    hyperparameters: dict[str, HyperparameterValue] = Field(
        default_factory=dict, description="hyperparameters by Bedrock's names; by default those of the model family"
    )
    candidates: tuple[CandidateSettings, ...] = Field(
        (),
        description=f"several customizations, 2 to {MOST_CANDIDATES}: the one with the lowest validation loss is "
        "served and evaluated ([serving.md](serving.md#candidates))",
    )
    keep_candidates: bool = Field(
        False, description="whether the models of the candidates that were not chosen are kept after the report"
    )
    validation: ValidationSettings = ValidationSettings()
    generate: GenerateSettings = GenerateSettings()
    serving: Serving = Field(
        "auto",
        description="how the tuned model is served for the evaluation; auto is on_demand if the model supports it",
    )
    hurry: bool = Field(
        True,
        description="false: base model, compared models and judges are asked in batch jobs where that is possible, at "
        "half the price, which can take a day ([money.md](money.md#a-run-that-is-not-in-a-hurry))",
    )
    model_units: int = Field(1, ge=1, le=100, description="model units of provisioned throughput")
    commitment: Commitment | None = Field(
        None,
        description="commitment term of throughput that is bought after the gate accepted the model; by default none",
    )
    keep_hours: float = Field(
        0,
        ge=0,
        le=720,
        description="hours for which the endpoint is kept after scoring if the gate accepts the model",
    )
    inference: InferenceSettings = InferenceSettings()
    judge: JudgeSettings = JudgeSettings()
    bertscore: BertScoreSettings = BertScoreSettings()
    scorer: ScorerSettings = ScorerSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    compare_with: tuple[ComparedWith, ...] | None = Field(
        None,
        description="whom the tuned model is compared with ([evaluation.md](evaluation.md#contestants)). base: the "
        "base model, always. few_shot and retrieval: the base model with training examples or passages. "
        "retrieval_tuned: the tuned model with passages. best: the stored answers of the dataset's best "
        "earlier run. Or another model: its id, or `{model: ID, name: NAME}`. By default base and few_shot, "
        "and retrieval if there are documents",
    )
    few_shot: FewShotSettings = FewShotSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    gate: dict[str, GateRule] = Field(
        default_factory=dict, description="by measure, the conditions for accepting the tuned model"
    )
    break_even: BreakEvenSettings = BreakEvenSettings()
    budget_usd: float | None = Field(None, gt=0, description="a run that can cost more ends before it spends anything")

    @field_validator("hyperparameters", mode="before")
    @classmethod
    def _booleans_are_not_numbers(cls, values: object) -> object:
        return without_booleans(values)

    @field_validator("candidates")
    @classmethod
    def _few_candidates(
        cls, candidates: tuple[CandidateSettings, ...], info: ValidationInfo
    ) -> tuple[CandidateSettings, ...]:
        if not is_from_artifact(info):
            check_number(candidates)
        return candidates

    # Runs after `evaluation` and `serving` are validated: fields are validated in the order of their declaration.
    @field_validator("evaluation")
    @classmethod
    def _names_the_scorer(cls, evaluation: EvaluationSettings, info: ValidationInfo) -> EvaluationSettings:
        scorer = info.data.get("scorer", ScorerSettings())
        decides = evaluation.decides or ""
        of_scorer = decides == "scorer" or decides.startswith(OWN_MEASURES["scorer"])
        if not scorer.name and ("scorer" in (evaluation.metrics or ()) or of_scorer):
            raise ValueError("the metric scorer needs a scorer; name it as scorer.name")
        if not scorer.compares_by(decides):
            raise ValueError(f"decides: run.yaml does not say which values are better; {_SAY_WHICH}")
        return evaluation

    @field_validator("evaluation")
    @classmethod
    def _several_answers_differ(cls, evaluation: EvaluationSettings, info: ValidationInfo) -> EvaluationSettings:
        if evaluation.samples > 1 and not info.data.get("inference", InferenceSettings()).temperature:
            raise ValueError(
                f"samples: with temperature 0, {evaluation.samples} answers to a question are the same; set "
                "inference.temperature above 0, such as 0.7"
            )
        return evaluation

    @field_validator("compare_with")
    @classmethod
    def _compares_with_different_contestants(
        cls, compared: tuple[ComparedWith, ...] | None, info: ValidationInfo
    ) -> tuple[ComparedWith, ...] | None:
        check_compared(compared, info.data.get("evaluation", EvaluationSettings()))
        return compared

    @field_validator("gate")
    @classmethod
    def _gate_has_known_measures(cls, gate: dict[str, GateRule], info: ValidationInfo) -> dict[str, GateRule]:
        if "evaluation" in info.data and not is_from_artifact(info):
            guard = gate.get(MEASURE)
            check_guard_rule(guard)
            gate_of_metrics = {name: rule for name, rule in gate.items() if name != MEASURE}
            check_gate(gate_of_metrics, _possible_metrics(info.data["evaluation"], info))
            scorer = info.data.get("scorer", ScorerSettings())
            for name, rule in gate_of_metrics.items():
                try:
                    check_slices(rule, info.data["evaluation"].slices)
                    check_contestants(rule, info.data.get("compare_with"))
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
                bounds = scorer.bounds(name) if name.split(".")[0] == "scorer" else range_of(name)
                if bounds:
                    check_rule(name, rule, bounds)
                if rule.compared_with and not scorer.compares_by(name):
                    raise ValueError(
                        f"{name}: run.yaml does not say which values are better; use at_least or at_most, or "
                        f"{_SAY_WHICH}"
                    )
        if gate and info.data.get("serving") == "none":
            raise ValueError("needs scores, and with 'serving: none' the model is not scored")
        return gate

    def for_guard(self) -> RunSettings:
        """The settings by which guard questions are asked: repeatable short answers, without the run's system prompt.

        What the run's own prompt demands would be taken for what the training changed.
        """
        once = self.evaluation.model_copy(update={"samples": 1})
        inference = InferenceSettings(max_tokens=MAX_TOKENS)
        return self.model_copy(update={"system_prompt": None, "inference": inference, "evaluation": once})

    def compared(self, has_documents: bool) -> tuple[ComparedWith, ...]:
        """The entries of `compare_with`, or what it is by default."""
        if self.compare_with is None:
            return (*DEFAULT_COMPARED, *((ComparedWith(name="retrieval"),) if has_documents else ()))
        return self.compare_with

    def for_model(self, model: str | None) -> RunSettings:
        """The settings by which another model is asked: as the run's own, as far as that model accepts it.

        A model that always reasons gets as many tokens more as it reasons at most. None: one of the run's own models.
        """
        if model is None:
            return self
        form, own = judge_or_assumed(model), self.inference
        changes: dict[str, object] = {"max_tokens": own.max_tokens + form.reasoning_tokens}
        if form.sampling == "none":
            changes |= {"temperature": None, "top_p": None}
        elif form.sampling == "either" and own.top_p is not None:
            changes |= {"temperature": None}
        return self.model_copy(update={"inference": own.model_copy(update=changes)})

    def used_metrics(self, task: TaskName) -> tuple[str, ...]:
        """The metrics of a run whose dataset has this task. A scorer that the run names is always used."""
        return _used_metrics(self.evaluation, self.scorer, task)


def _used_metrics(evaluation: EvaluationSettings, scorer: ScorerSettings, task: TaskName) -> tuple[str, ...]:
    named = evaluation.metrics or TASKS[task].metrics
    return (*named, "scorer") if scorer.name and "scorer" not in named else named


def _possible_metrics(evaluation: EvaluationSettings, info: ValidationInfo) -> tuple[str, ...]:
    """The metrics that the run can use. A task that is still to be recognised can use any."""
    task, scorer = info.data.get("task", "auto"), info.data.get("scorer", ScorerSettings())
    if task == "auto" and not evaluation.metrics:
        return tuple(name for name in METRICS if name != "scorer" or scorer.name)
    return _used_metrics(evaluation, scorer, "answer" if task == "auto" else task)
