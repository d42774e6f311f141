"""The vendors whose body has a single prompt: Meta Llama, Amazon Titan Text and Cohere Command."""

from __future__ import annotations

import secrets
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from local.bedrock.engine.messages import InferenceResult, Sampling
from local.bedrock.runtime.bodies.base import Body
from local.bedrock.runtime.bodies.llama_prompt import parse_llama_prompt
from local.bedrock.runtime.inference import Prompt
from local.trainer.spec import Conversation, Turn


class LlamaBody(Body):
    """Meta Llama's body. The prompt contains Meta's chat template."""

    text: str = Field(alias="prompt")
    max_gen_len: int = Field(512, ge=1, le=8192)
    temperature: float = Field(0.5, ge=0, le=1)
    top_p: float = Field(0.9, ge=0, le=1)

    def prompt(self) -> Prompt:
        sampling = Sampling(max_tokens=self.max_gen_len, temperature=self.temperature, top_p=self.top_p)
        return Prompt(parse_llama_prompt(self.text), sampling)

    def response(self, answer: InferenceResult, model_id: str) -> dict[str, Any]:
        return {
            "generation": answer.text,
            "prompt_token_count": answer.input_tokens,
            "generation_token_count": answer.output_tokens,
            "stop_reason": "length" if answer.stop_reason == "max_tokens" else "stop",
        }


class TitanGeneration(BaseModel):
    """Titan's textGenerationConfig."""

    model_config = ConfigDict(extra="forbid")

    max_tokens: int = Field(512, ge=1, le=8192, alias="maxTokenCount")
    temperature: float = Field(0.7, ge=0, le=1)
    top_p: float = Field(0.9, ge=0, le=1, alias="topP")
    stop_sequences: tuple[str, ...] = Field((), alias="stopSequences")


class TitanBody(Body):
    """Titan Text's body."""

    text: str = Field(alias="inputText")
    config: TitanGeneration = Field(default_factory=TitanGeneration, alias="textGenerationConfig")

    def prompt(self) -> Prompt:
        return Prompt(_single(self.text), Sampling(**self.config.model_dump()))

    def response(self, answer: InferenceResult, model_id: str) -> dict[str, Any]:
        reason = "LENGTH" if answer.stop_reason == "max_tokens" else "FINISH"
        result = {"tokenCount": answer.output_tokens, "outputText": answer.text, "completionReason": reason}
        return {"inputTextTokenCount": answer.input_tokens, "results": [result]}


class CohereBody(Body):
    """Cohere Command's body."""

    text: str = Field(alias="prompt")
    max_tokens: int = Field(200, ge=1, le=4096)
    temperature: float = Field(0.9, ge=0, le=5)
    p: float = Field(0.75, ge=0, le=1)
    k: int = Field(0, ge=0, le=500)
    stop_sequences: tuple[str, ...] = ()

    def prompt(self) -> Prompt:
        sampling = Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.p,
            top_k=self.k,
            stop_sequences=self.stop_sequences,
        )
        return Prompt(_single(self.text), sampling)

    def response(self, answer: InferenceResult, model_id: str) -> dict[str, Any]:
        reason = "MAX_TOKENS" if answer.stop_reason == "max_tokens" else "COMPLETE"
        generation = {"id": secrets.token_hex(8), "text": answer.text, "finish_reason": reason}
        return {"id": secrets.token_hex(8), "prompt": self.text, "generations": [generation]}


def _single(text: str) -> Conversation:
    return Conversation(turns=(Turn(role="user", text=text),))
