"""Asking the target's network, whatever body the request came in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.bedrock.engine.messages import Answer, Sampling
from local.bedrock.errors import ValidationError
from local.bedrock.runtime.resolve import Target
from local.trainer.spec import Conversation

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

NO_MODEL = "[local stand-in: the instant engine has no model and answers every question with this sentence]"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a request asks, independent of its body's format."""

    conversation: Conversation
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Spoken:
    """An answer and how long it took."""

    answer: Answer
    latency_ms: int


def ask(bedrock: Bedrock, target: Target, prompt: Prompt) -> Spoken:
    """Put the prompt to the target.

    Raises:
        ValidationError: no message, or none that the model could answer.
    """
    turns = prompt.conversation.turns
    if not turns or turns[0].role != "user":
        raise ValidationError("A conversation must start with a user message. Try again with a conversation that does.")
    began = time.monotonic()
    if target.weights is None:
        words = sum(len(turn.text.split()) for turn in turns)
        answer = Answer(id=0, text=NO_MODEL, input_tokens=words, output_tokens=len(NO_MODEL.split()))
    else:
        settings = bedrock.settings
        sampling = prompt.sampling.model_copy(update={"seed": settings.seed})
        answer = bedrock.inference.ask(
            target.weights, prompt.conversation, sampling, settings.torch_threads, settings.answer_timeout_seconds
        )
    return Spoken(answer, int((time.monotonic() - began) * 1000))


def runtime_headers(stand_in: str) -> dict[str, str]:
    """Not on AWS: every response names what really answered."""
    return {"x-local-stand-in": stand_in}
