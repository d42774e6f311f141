"""Asks the network of a target. The format of the request's body does not matter here."""

from __future__ import annotations

import time
from dataclasses import dataclass

from local.bedrock.engine.client import InferenceClient
from local.bedrock.engine.messages import InferenceResult, Sampling
from local.bedrock.errors import ValidationError
from local.bedrock.runtime.target import Target
from local.bedrock.state.settings import Settings
from local.trainer.spec import Conversation

# The text of the longest answer: more bytes per token than the usual four, and a character that prompts escape, so that
# tests of the worst case see both.
_ENDLESS = "& so on, "
NO_MODEL = "[local stand-in: the instant engine has no model and answers every question with this sentence]"


@dataclass(frozen=True, slots=True)
class Prompt:
    """The content of a request, independent of the format of its body."""

    conversation: Conversation
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """An answer and its latency."""

    answer: InferenceResult
    latency_ms: int


def ask(settings: Settings, inference: InferenceClient, target: Target, prompt: Prompt) -> TimedAnswer:
    """The target's answer to the prompt.

    Raises:
        ValidationError: the conversation is empty or does not start with a user message.
        ModelError: the inference process failed.
        ThrottlingError: there was no answer in time.
    """
    turns = prompt.conversation.turns
    if not turns or turns[0].role != "user":
        raise ValidationError("A conversation must start with a user message. Try again with a conversation that does.")
    began = time.monotonic()
    # The engine `instant` has no tokenizer either, so words count as tokens.
    words = sum(len(turn.text.split()) for turn in turns)
    if settings.bad_answers:
        answer = _endless(words, prompt.sampling.max_tokens)
    elif target.weights is None:
        answer = InferenceResult(id=0, text=NO_MODEL, input_tokens=words, output_tokens=len(NO_MODEL.split()))
    else:
        # A fixed seed: repeated demonstrations and tests give the same answers.
        sampling = prompt.sampling.model_copy(update={"seed": settings.seed})
        answer = inference.ask(
            target.weights, prompt.conversation, sampling, settings.torch_threads, settings.answer_timeout_seconds
        )
    return TimedAnswer(answer, int((time.monotonic() - began) * 1000))


def _endless(input_tokens: int, max_tokens: int) -> InferenceResult:
    """An answer that goes on until the limit of tokens."""
    text = _ENDLESS * max_tokens
    return InferenceResult(
        id=0, text=text, input_tokens=input_tokens, output_tokens=max_tokens, stop_reason="max_tokens"
    )
