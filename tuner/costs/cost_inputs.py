"""The inputs of an estimate: what the run does, and the sizes of its dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.catalog.tasks import TaskName
from tuner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a run that decide its cost. `settings.serving` is resolved: it is never `auto`."""

    model: catalog.Model
    settings: RunSettings
    epochs: int
    judge_model: str

    @property
    def judge(self) -> catalog.Judge:
        """The judge of the evaluation."""
        return catalog.judge_or_assumed(self.judge_model)

    @classmethod
    def of(cls, manifest: Manifest) -> Plan:
        """The plan of a run whose inputs are pinned."""
        epochs = int(manifest.hyperparameters["epochCount"])
        return cls(catalog.model(manifest.base_model), manifest.settings, epochs, manifest.judge_model)


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """Number and size of the evaluation questions and their references."""

    count: int
    question_tokens: int
    reference_tokens: int


@dataclass(frozen=True, slots=True)
class GenerationTokens:
    """Tokens for generating validation data. `upper_bound`: nothing has been generated yet."""

    model: str
    input_tokens: int
    output_tokens: int
    upper_bound: bool = False


@dataclass(frozen=True, slots=True)
class CostInputs:
    """The sizes of a dataset. `training_bytes` is the size of the converted files; `task` decides the metrics."""

    training_tokens: int
    questions: QuestionTokens
    training_bytes: int = 0
    generation: GenerationTokens | None = None
    task: TaskName = "answer"


def count_questions(
    records: Iterable[EvaluationQuestion], system_prompt: str | None, characters_per_token: float
) -> QuestionTokens:
    """Estimates the tokens of the evaluation questions from their characters: AWS publishes no tokenizer.

    A request includes all turns of a conversation, and the question's system prompt or else the run's.
    """
    count = asked = expected = 0
    for record in records:
        count += 1
        asked += sum(len(turn.text) for turn in record.turns) + len(record.system or system_prompt or "")
        expected += len(record.reference)
    # Rounded once for all questions: rounding each of them up would overestimate short ones.
    return QuestionTokens(
        count=count,
        question_tokens=math.ceil(asked / characters_per_token),
        reference_tokens=math.ceil(expected / characters_per_token),
    )


def cost_inputs(
    summary: DatasetSummary,
    records: Iterable[EvaluationQuestion],
    plan: Plan,
    generation: GenerationTokens | None = None,
) -> CostInputs:
    """The inputs from `dataset/summary.json` and the evaluation questions."""
    questions = count_questions(records, plan.settings.system_prompt, plan.model.family.characters_per_token)
    size = summary.training_bytes + summary.validation_bytes
    return CostInputs(summary.training_tokens, questions, size, generation, summary.task.name)


def generation_tokens(summary: GeneratedSummary | None) -> GenerationTokens | None:
    """The tokens in `generated/summary.json`. None when no model was called."""
    if summary is None or summary.model is None or not summary.calls:
        return None
    return GenerationTokens(summary.model, summary.input_tokens or 0, summary.output_tokens or 0)
