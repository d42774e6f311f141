"""Computes how many tokens the answers of a model take. A model that is served on demand is paid for by the token."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.costs.cost_inputs import CostInputs, Plan, QuestionTokens, most_question_tokens
from tuner.costs.meter import Tokens
from tuner.settings import RunSettings

MOST_SENDS = 3
"""How often a question is sent at most, on average over its shard. A reply that was lost may have been billed."""


@dataclass(frozen=True, slots=True)
class AnswerUsage:
    """The tokens for one model's answers to some questions.

    Expected: every question once for each of its answers, with answers at their maximum length. At most: `MOST_SENDS`
    times as often, and every byte of its text is a token.

    `batched`: a batch job asks first, and single calls ask what it did not answer. These are the tokens of the calls.
    No call is expected. The job is the first of the `MOST_SENDS` attempts, so a question has one call less at most.
    """

    input_tokens: int
    output_tokens: int
    most_input_tokens: int
    most_output_tokens: int

    def __add__(self, other: AnswerUsage) -> AnswerUsage:
        return AnswerUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.most_input_tokens + other.most_input_tokens,
            self.most_output_tokens + other.most_output_tokens,
        )

    @classmethod
    def whole(cls, plan: Plan, inputs: CostInputs, batched: bool = False) -> AnswerUsage:
        """The usage of all questions: those of the evaluation and the guard questions."""
        return cls.of(plan.settings, inputs.questions, batched) + cls.of(plan.settings.for_guard(), inputs.guard)

    @classmethod
    def of(cls, settings: RunSettings, questions: QuestionTokens, batched: bool = False) -> AnswerUsage:
        """The usage of these questions, asked by these settings."""
        once = cls.in_batch(settings, questions)
        sends = MOST_SENDS - 1 if batched else MOST_SENDS
        return cls(
            0 if batched else once.input_tokens,
            0 if batched else once.output_tokens,
            once.most_input_tokens * sends,
            once.most_output_tokens * sends,
        )

    @classmethod
    def in_batch(cls, settings: RunSettings, questions: QuestionTokens) -> AnswerUsage:
        """The usage of these questions in a batch job, which asks each of them once for each of its answers."""
        samples = settings.evaluation.samples
        written = questions.count * settings.inference.max_tokens * samples
        return cls(questions.question_tokens * samples, written, questions.most_question_tokens * samples, written)


def most_tokens(question: EvaluationQuestion, settings: RunSettings) -> Tokens:
    """The most tokens of one request with this question."""
    return Tokens(most_question_tokens(question, settings.system_prompt), settings.inference.max_tokens)
