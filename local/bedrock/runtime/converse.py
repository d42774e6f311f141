"""Converse: one body for all models, and the way a judge is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock.engine.messages import Sampling
from local.bedrock.errors import ValidationError
from local.bedrock.runtime.answering import Prompt, ask, runtime_headers
from local.bedrock.runtime.resolve import resolve
from local.trainer.spec import Conversation, Turn

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

DEFAULT_MAX_TOKENS = 512


def converse(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """Converse, with text in and text out."""
    target = resolve(bedrock, params["modelId"])
    spoken = ask(bedrock, target, _prompt(params))
    answer = spoken.answer
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": answer.text}]}},
        "stopReason": answer.stop_reason,
        "usage": {
            "inputTokens": answer.input_tokens,
            "outputTokens": answer.output_tokens,
            "totalTokens": answer.input_tokens + answer.output_tokens,
        },
        "metrics": {"latencyMs": spoken.latency_ms},
        "$headers": runtime_headers(target),
    }


def _prompt(params: dict[str, Any]) -> Prompt:
    config = params.get("inferenceConfig", {})
    sampling = Sampling(
        max_tokens=config.get("maxTokens", DEFAULT_MAX_TOKENS),
        temperature=config.get("temperature", 1.0),
        top_p=config.get("topP", 1.0),
        stop_sequences=tuple(config.get("stopSequences", ())),
    )
    turns = tuple(Turn(role=message["role"], text=text_of(message["content"])) for message in params["messages"])
    return Prompt(Conversation(system=text_of(params.get("system", [])) or None, turns=turns), sampling)


def text_of(blocks: list[dict[str, Any]]) -> str:
    """The text of content blocks.

    Raises:
        ValidationError: a block is not text; nothing here sees images or reads documents.
    """
    for block in blocks:
        if "text" not in block:
            raise ValidationError(f"The local stand-in takes text content only; found {', '.join(block)}.")
    return "\n".join(block["text"] for block in blocks)
