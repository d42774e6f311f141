"""The inputs of an estimate: what the run does, and the sizes of its dataset."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.catalog.tasks import TaskName
from tuner.core.token_counts import MOST_TEMPLATE_TOKENS, expected_tokens, size
from tuner.settings import RunSettings

# One request, and the retries of `tuner.serving.inference`. Bedrock may charge for a request whose answer was lost.
MOST_REQUESTS_PER_QUESTION = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a run that decide its cost. `settings.serving` is resolved: it is never `auto`."""

    model: catalog.Model
    settings: RunSettings
    epochs: int
    judge_model: str
    longest_throughput_hours: float
    """The release schedule deletes the endpoint of the evaluation after these hours."""

    @property
    def judge(self) -> catalog.Judge:
        """The judge of the evaluation."""
        return catalog.judge_or_assumed(self.judge_model)

    @classmethod
    def of(cls, manifest: Manifest, longest_throughput_hours: float) -> Plan:
        """The plan of a run whose inputs are pinned."""
        epochs, model = int(manifest.hyperparameters["epochCount"]), catalog.model(manifest.base_model)
        return cls(model, manifest.settings, epochs, manifest.judge_model, longest_throughput_hours)


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """Number and size of the evaluation questions and their references: as expected, and at most."""

    count: int
    question_tokens: int
    reference_tokens: int
    most_question_tokens: int
    most_judged_tokens: int
    """At most, for one judgment of each question: all its texts and its reference, escaped as the judge reads them."""


@dataclass(frozen=True, slots=True)
class GenerationTokens:
    """Tokens for generating validation data. `upper_bound`: nothing has been generated yet."""

    model: str
    input_tokens: int
    output_tokens: int
    upper_bound: bool = False


@dataclass(frozen=True, slots=True)
class CostInputs:
    """The sizes of a dataset. `stored_bytes` is the size of the converted files; `task` decides the metrics."""

    training_tokens: int
    questions: QuestionTokens
    most_training_tokens: int = 0
    stored_bytes: int = 0
    generation: GenerationTokens | None = None
    task: TaskName = "answer"


def count_questions(records: Iterable[EvaluationQuestion], system_prompt: str | None) -> QuestionTokens:
    """Estimates the tokens of the evaluation questions: as expected, and at most with the model's template.

    A request includes all turns of a conversation, and the question's system prompt or else the run's.
    """
    count = turns = asked = expected = judged = 0
    for record in records:
        count += 1
        turns += len(record.turns) + 1
        asked += sum(size(turn.text) for turn in record.turns) + size(record.system or system_prompt or "")
        expected += size(record.reference)
        read_by_judge = (*(turn.text for turn in record.turns), record.system or system_prompt or "", record.reference)
        judged += sum(size(html.escape(text)) for text in read_by_judge)
    # Rounded once for all questions: rounding each of them up would overestimate short ones.
    return QuestionTokens(
        count=count,
        question_tokens=expected_tokens(asked),
        reference_tokens=expected_tokens(expected),
        most_question_tokens=asked + turns * MOST_TEMPLATE_TOKENS,
        most_judged_tokens=judged,
    )


def cost_inputs(
    summary: DatasetSummary,
    records: Iterable[EvaluationQuestion],
    plan: Plan,
    generation: GenerationTokens | None = None,
) -> CostInputs:
    """The inputs from `dataset/summary.json` and the evaluation questions."""
    questions = count_questions(records, plan.settings.system_prompt)
    return CostInputs(
        training_tokens=summary.training_tokens,
        questions=questions,
        # The file has every byte of the texts, and more bytes of JSON than the model's template has tokens.
        most_training_tokens=max(summary.training_tokens, summary.training_bytes),
        stored_bytes=summary.training_bytes + summary.validation_bytes,
        generation=generation,
        task=summary.task.name,
    )


def generation_tokens(summary: GeneratedSummary | None) -> GenerationTokens | None:
    """The tokens in `generated/summary.json`. None when no model was called."""
    if summary is None or summary.model is None or not summary.calls:
        return None
    return GenerationTokens(summary.model, summary.input_tokens or 0, summary.output_tokens or 0)
