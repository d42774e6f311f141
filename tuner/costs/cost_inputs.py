"""The inputs of an estimate: what the run does, and the sizes of its dataset."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tuner import catalog
from tuner.artifacts.contexts import most_context_tokens
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.evaluation.contestants import MAIN, MAIN_CONTESTANTS, Contestant, ContestantName
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.guard import GuardRecord
from tuner.artifacts.manifest import Manifest
from tuner.catalog.tasks import TaskName
from tuner.costs.meter import Tokens
from tuner.settings import RunSettings

# An assumption: an example or a passage of 1,000 characters of English.
_USUAL_PART_TOKENS = 250
# The template of a chat model puts its own tokens around each text: names of roles, beginning and end.
_MOST_TOKENS_AROUND_A_TEXT = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a run that decide its cost. `settings.serving` is resolved: it is never `auto`.

    `trainings` has the base model and the epochs of each customization: a run with candidates has several. `model` is
    the base model of the one that is served and compared.
    """

    model: catalog.Model
    settings: RunSettings
    trainings: tuple[tuple[catalog.Model, int], ...]
    judge_model: str
    contestants: tuple[Contestant, ...] = MAIN_CONTESTANTS

    @property
    def base_models(self) -> tuple[catalog.Model, ...]:
        """The models that the run customizes."""
        return tuple({model.id: model for model, _ in self.trainings}.values())

    @property
    def others(self) -> tuple[Contestant, ...]:
        """The contestants beside base and tuned model."""
        return tuple(each for each in self.contestants if each.name not in MAIN)

    @property
    def judge_models(self) -> tuple[str, ...]:
        """The judges of the evaluation; `judge_model` is the first one."""
        return self.settings.judge.models or (self.judge_model,)

    @property
    def judges(self) -> tuple[catalog.Judge, ...]:
        """The same, with what the catalog knows of them."""
        return tuple(map(catalog.judge_or_assumed, self.judge_models))

    @property
    def compared_models(self) -> tuple[catalog.Judge, ...]:
        """The other models that the run compares with, with what the catalog knows of them."""
        return tuple(catalog.judge_or_assumed(each.model) for each in self.contestants if each.model)

    @property
    def other_models(self) -> tuple[catalog.Judge, ...]:
        """All models that are paid for by the token, beside base and tuned model."""
        return (*self.judges, *self.compared_models)

    def settings_of(self, contestant: Contestant) -> RunSettings:
        """The settings by which the contestant is asked."""
        return self.settings.for_model(contestant.model)

    @classmethod
    def of(cls, manifest: Manifest) -> Plan:
        """The plan of a run whose inputs are pinned."""
        trainings = tuple(
            (catalog.model(each.base_model), int(each.hyperparameters["epochCount"]))
            for each in manifest.customizations
        )
        return cls(
            catalog.model(manifest.base_model), manifest.settings, trainings, manifest.judge_model, manifest.contestants
        )


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """Number and size of the evaluation questions and their references.

    `most_...` count a token for each byte of the escaped text: tokenizers of byte pairs make no more tokens than that.
    """

    count: int
    question_tokens: int
    reference_tokens: int
    most_question_tokens: int = 0
    most_reference_tokens: int = 0


@dataclass(frozen=True, slots=True)
class GenerationTokens:
    """Tokens for generating validation data: planned, or used.

    `most_...` count what requests can take, or what they took, with all that was reserved for those whose replies were
    lost.
    """

    model: str
    input_tokens: int
    output_tokens: int
    most_input_tokens: int = 0
    most_output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class CostInputs:
    """The sizes of a dataset. `training_bytes` is the size of the converted files; `task` decides the metrics.

    `most_training_tokens` is the number of bytes in the converted training data. `guard` are the guard questions.
    `shard_size` is the smallest number of questions that are scored together. `batched` are the contestants that are
    asked in batch jobs, and `batched_judges` the models of the judges.
    """

    training_tokens: int
    questions: QuestionTokens
    training_bytes: int = 0
    generation: GenerationTokens | None = None
    most_training_tokens: int = 0
    task: TaskName = "answer"
    guard: QuestionTokens = QuestionTokens(0, 0, 0)
    compared: Mapping[ContestantName, QuestionTokens] = field(default_factory=dict)
    shard_size: int = 1
    batched: frozenset[ContestantName] = frozenset()
    batched_judges: frozenset[str] = frozenset()

    def shards(self, settings: RunSettings) -> int:
        """The most shards that the questions can be divided into. A run that stops early makes its shards smaller."""
        size = 1 if settings.evaluation.stop_early else self.shard_size // settings.evaluation.samples
        return -(-self.questions.count // max(1, size))

    def asked_of(self, contestant: Contestant, settings: RunSettings) -> QuestionTokens:
        """The questions as the contestant is asked them. What is not counted yet has the longest examples and passages.

        `compared` has the questions of the contestants whose examples and passages were chosen.
        """
        counted, plain = self.compared.get(contestant.name), self.questions
        if counted or not contestant.context:
            return counted or plain
        parts = settings.few_shot.examples if contestant.context == "examples" else settings.retrieval.passages
        return replace(
            plain,
            question_tokens=plain.question_tokens + plain.count * parts * _USUAL_PART_TOKENS,
            most_question_tokens=plain.most_question_tokens + plain.count * most_context_tokens(parts),
        )


def count_guard(guard: Iterable[GuardRecord], plan: Plan) -> QuestionTokens:
    """Estimates the tokens of the guard questions."""
    return count_questions((each.asked for each in guard), None, plan.model.family.characters_per_token)


def count_questions(
    records: Iterable[EvaluationQuestion], system_prompt: str | None, bytes_per_token: float
) -> QuestionTokens:
    """Estimates the tokens of the evaluation questions from their bytes in UTF-8: AWS publishes no tokenizer.

    Bytes hold for every script: a letter of Chinese, Japanese or Thai has three of them and is about a token.

    A request includes all turns of a conversation, and the question's system prompt or else the run's.
    """
    count = asked = expected = most_asked = most_expected = 0
    for record in records:
        count += 1
        sent = _sent(record, system_prompt)
        right = (record.reference, *record.accepted)
        asked += sum(map(_bytes, sent))
        expected += sum(map(_bytes, right))
        most_asked += most_question_tokens(record, system_prompt)
        most_expected += _most(right)
    # Rounded once for all questions: rounding each of them up would overestimate short ones.
    return QuestionTokens(
        count=count,
        question_tokens=math.ceil(asked / bytes_per_token),
        reference_tokens=math.ceil(expected / bytes_per_token),
        most_question_tokens=most_asked,
        most_reference_tokens=most_expected,
    )


def most_question_tokens(record: EvaluationQuestion, system_prompt: str | None) -> int:
    """The most input tokens of a request with this question: a token for each byte, and those of the chat template."""
    return _most(_sent(record, system_prompt))


def _sent(record: EvaluationQuestion, system_prompt: str | None) -> list[str]:
    return [*(turn.text for turn in record.turns), record.system or system_prompt or ""]


def _most(texts: Iterable[str]) -> int:
    return sum(_MOST_TOKENS_AROUND_A_TEXT + _bytes(html.escape(text, quote=False)) for text in texts)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def cost_inputs(
    summary: DatasetSummary,
    records: Iterable[EvaluationQuestion],
    plan: Plan,
    generation: GenerationTokens | None = None,
    guard: Iterable[GuardRecord] = (),
) -> CostInputs:
    """The inputs from `dataset/summary.json`, the evaluation questions and the guard questions."""
    questions = count_questions(records, plan.settings.system_prompt, plan.model.family.characters_per_token)
    size = summary.training_bytes + summary.validation_bytes
    return CostInputs(
        summary.training_tokens,
        questions,
        size,
        generation,
        summary.training_bytes,
        summary.task.name,
        count_guard(guard, plan),
    )


def inputs_of_plan(planned: GenerationPlan, model: str) -> CostInputs:
    """The inputs from `generated/plan.json`, before `model` has generated anything."""
    return CostInputs(
        planned.training_tokens,
        QuestionTokens(**planned.questions.model_dump()),
        planned.dataset_bytes,
        GenerationTokens(
            model,
            planned.expected_input_tokens,
            planned.expected_output_tokens,
            planned.bound.input_tokens,
            planned.bound.output_tokens,
        ),
        planned.most_training_tokens,
        planned.task,
        QuestionTokens(**planned.guard.model_dump()),
    )


def generation_tokens(summary: GeneratedSummary | None, most: Tokens) -> GenerationTokens | None:
    """The tokens in `generated/summary.json`, and the most that AWS bills. None when no model was called."""
    if summary is None or summary.model is None or not summary.calls:
        return None
    return GenerationTokens(
        summary.model,
        summary.input_tokens or 0,
        summary.output_tokens or 0,
        most.input,
        most.output,
    )
