"""The messages format of Amazon Nova."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from local.bedrock.engine.messages import InferenceResult, Sampling
from local.bedrock.runtime.bodies.base import Body, Message, TextBlock, conversation
from local.bedrock.runtime.inference import Prompt


class NovaInference(BaseModel):
    """Nova's inferenceConfig."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    max_tokens: int = Field(512, ge=1, alias="maxTokens")
    max_new_tokens: int | None = Field(None, ge=1)
    temperature: float = Field(0.7, ge=0, le=1)
    top_p: float = Field(0.9, ge=0, le=1, alias="topP")
    top_k: int = Field(0, ge=0, le=128, alias="topK")
    stop_sequences: tuple[str, ...] = Field((), alias="stopSequences")


class NovaBody(Body):
    """Messages and an optional `inferenceConfig`."""

    schema_version: Literal["messages-v1"] = Field("messages-v1", alias="schemaVersion")
    messages: list[Message]
    system: list[TextBlock] = Field(default_factory=list)
    inference: NovaInference = Field(default_factory=NovaInference, alias="inferenceConfig")

    def prompt(self) -> Prompt:
        sampling = Sampling(
            max_tokens=self.inference.max_new_tokens or self.inference.max_tokens,
            temperature=self.inference.temperature,
            top_p=self.inference.top_p,
            top_k=self.inference.top_k,
            stop_sequences=self.inference.stop_sequences,
        )
        return Prompt(conversation(self.system, self.messages), sampling)

    def response(self, answer: InferenceResult, model_id: str) -> dict[str, Any]:
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": answer.text}]}},
            "stopReason": answer.stop_reason,
            "usage": {
                "inputTokens": answer.input_tokens,
                "outputTokens": answer.output_tokens,
                "totalTokens": answer.input_tokens + answer.output_tokens,
            },
        }
