"""The base class of request bodies, and the message format that several vendors share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from local.bedrock.engine.messages import InferenceResult
from local.bedrock.runtime.inference import Prompt
from local.trainer.spec import Conversation, Turn


class Body(BaseModel):
    """A request body. Unknown keys are refused, as on AWS."""

    model_config = ConfigDict(extra="forbid")

    def prompt(self) -> Prompt:
        """The prompt in the body."""
        raise NotImplementedError

    def response(self, answer: InferenceResult, model_id: str) -> dict[str, Any]:
        """The response body in the vendor's format. A plain dict, because it is serialized as it is."""
        raise NotImplementedError


class TextBlock(BaseModel):
    """A text block of a message. Images and documents are not supported here."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["text"] = "text"
    text: str


class Message(BaseModel):
    """A message with text, or with a list of text blocks."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: str | list[TextBlock]


def joined(content: str | list[TextBlock]) -> str:
    """The text of a message or system prompt."""
    return content if isinstance(content, str) else "\n".join(block.text for block in content)


def conversation(system: str | list[TextBlock], messages: list[Message]) -> Conversation:
    """The conversation of a system prompt and messages."""
    turns = tuple(Turn(role=message.role, text=joined(message.content)) for message in messages)
    return Conversation(system=joined(system) or None, turns=turns)
