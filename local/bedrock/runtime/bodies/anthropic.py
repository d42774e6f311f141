"""Anthropic's Messages API in Bedrock's variant."""

from __future__ import annotations

import secrets
from typing import Any, Literal

from pydantic import Field

from local.bedrock.engine.messages import InferenceResult, Sampling
from local.bedrock.runtime.bodies.base import Body, Message, TextBlock, conversation
from local.bedrock.runtime.inference import Prompt


class AnthropicBody(Body):
    """`anthropic_version`, `max_tokens` and `messages` are required."""

    anthropic_version: Literal["bedrock-2023-05-31"]
    max_tokens: int = Field(ge=1)
    messages: list[Message]
    system: str | list[TextBlock] = ""
    temperature: float = Field(1.0, ge=0, le=1)
    top_p: float = Field(1.0, ge=0, le=1)
    top_k: int = Field(0, ge=0, le=500)
    stop_sequences: tuple[str, ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)

    def prompt(self) -> Prompt:
        sampling = Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            stop_sequences=self.stop_sequences,
        )
        return Prompt(conversation(self.system, self.messages), sampling)

    def response(self, answer: InferenceResult, model_id: str) -> dict[str, Any]:
        return {
            "id": f"msg_bdrk_{secrets.token_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": model_id,
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": answer.stop_reason,
            "stop_sequence": answer.stop_sequence,
            "usage": {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens},
        }
