"""InvokeModel's bodies: each vendor's own request and response."""

from __future__ import annotations

import json
import secrets
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from local.bedrock.engine.messages import Answer, Sampling
from local.bedrock.errors import ValidationError
from local.bedrock.runtime.answering import Prompt
from local.bedrock.runtime.llama_prompt import parse_llama_prompt
from local.trainer.spec import Conversation, Turn

Temperature = Field(1.0, ge=0, le=1)
TopP = Field(1.0, ge=0, le=1)


class Body(BaseModel):
    """A request body; AWS refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")

    def prompt(self) -> Prompt:
        """What the body asks."""
        raise NotImplementedError

    def response(self, answer: Answer, model_id: str) -> dict[str, Any]:
        """The answer in the vendor's words."""
        raise NotImplementedError


class TextBlock(BaseModel):
    """Text of a message; images and documents have no stand-in here."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["text"] = "text"
    text: str


class Message(BaseModel):
    """A message whose content is text, or blocks of text."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: str | list[TextBlock]


def joined(content: str | list[TextBlock]) -> str:
    """The text of a message or system prompt."""
    return content if isinstance(content, str) else "\n".join(block.text for block in content)


def _conversation(system: str | list[TextBlock], messages: list[Message]) -> Conversation:
    turns = tuple(Turn(role=message.role, text=joined(message.content)) for message in messages)
    return Conversation(system=joined(system) or None, turns=turns)


class AnthropicBody(Body):
    """Anthropic's Messages API as Bedrock takes it."""

    anthropic_version: Literal["bedrock-2023-05-31"]
    max_tokens: int = Field(ge=1)
    messages: list[Message]
    system: str | list[TextBlock] = ""
    temperature: float = Temperature
    top_p: float = TopP
    top_k: int = Field(0, ge=0, le=500)
    stop_sequences: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}

    def prompt(self) -> Prompt:
        sampling = Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            stop_sequences=self.stop_sequences,
        )
        return Prompt(_conversation(self.system, self.messages), sampling)

    def response(self, answer: Answer, model_id: str) -> dict[str, Any]:
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
    """Amazon Nova's messages."""

    schema_version: Literal["messages-v1"] = Field("messages-v1", alias="schemaVersion")
    messages: list[Message]
    system: list[TextBlock] = []
    inference: NovaInference = Field(default_factory=NovaInference, alias="inferenceConfig")

    def prompt(self) -> Prompt:
        sampling = Sampling(
            max_tokens=self.inference.max_new_tokens or self.inference.max_tokens,
            temperature=self.inference.temperature,
            top_p=self.inference.top_p,
            top_k=self.inference.top_k,
            stop_sequences=self.inference.stop_sequences,
        )
        return Prompt(_conversation(self.system, self.messages), sampling)

    def response(self, answer: Answer, model_id: str) -> dict[str, Any]:
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": answer.text}]}},
            "stopReason": answer.stop_reason,
            "usage": {
                "inputTokens": answer.input_tokens,
                "outputTokens": answer.output_tokens,
                "totalTokens": answer.input_tokens + answer.output_tokens,
            },
        }


class LlamaBody(Body):
    """Meta's prompt with its own template inside."""

    text: str = Field(alias="prompt")
    max_gen_len: int = Field(512, ge=1, le=8192)
    temperature: float = Field(0.5, ge=0, le=1)
    top_p: float = Field(0.9, ge=0, le=1)

    def prompt(self) -> Prompt:
        sampling = Sampling(max_tokens=self.max_gen_len, temperature=self.temperature, top_p=self.top_p)
        return Prompt(parse_llama_prompt(self.text), sampling)

    def response(self, answer: Answer, model_id: str) -> dict[str, Any]:
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
    """Titan Text's inputText."""

    text: str = Field(alias="inputText")
    config: TitanGeneration = Field(default_factory=TitanGeneration, alias="textGenerationConfig")

    def prompt(self) -> Prompt:
        return Prompt(_single(self.text), Sampling(**self.config.model_dump()))

    def response(self, answer: Answer, model_id: str) -> dict[str, Any]:
        reason = "LENGTH" if answer.stop_reason == "max_tokens" else "FINISH"
        result = {"tokenCount": answer.output_tokens, "outputText": answer.text, "completionReason": reason}
        return {"inputTextTokenCount": answer.input_tokens, "results": [result]}


class CohereBody(Body):
    """Cohere Command's prompt."""

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

    def response(self, answer: Answer, model_id: str) -> dict[str, Any]:
        reason = "MAX_TOKENS" if answer.stop_reason == "max_tokens" else "COMPLETE"
        generation = {"id": secrets.token_hex(8), "text": answer.text, "finish_reason": reason}
        return {"id": secrets.token_hex(8), "prompt": self.text, "generations": [generation]}


def _single(text: str) -> Conversation:
    return Conversation(turns=(Turn(role="user", text=text),))


_BODIES: dict[str, type[Body]] = {
    "anthropic": AnthropicBody,
    "amazon.nova": NovaBody,
    "meta": LlamaBody,
    "amazon.titan": TitanBody,
    "cohere": CohereBody,
}


def parse_body(base_model_id: str, body: bytes) -> Body:
    """The vendor's request body.

    Raises:
        ValidationError: not JSON, or not what the vendor takes; every finding is named.
    """
    kind = next(kind for prefix, kind in _BODIES.items() if base_model_id.startswith(prefix))
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValidationError(
            "The request body is not valid JSON, please reformat your input and try again."
        ) from error
    try:
        return kind.model_validate(document)
    except PydanticError as error:
        findings = "; ".join(
            f"#/{'/'.join(map(str, finding['loc']))}: {finding['msg']}" for finding in error.errors(include_url=False)
        )
        raise ValidationError(
            f"Malformed input request: {findings}, please reformat your input and try again."
        ) from error
