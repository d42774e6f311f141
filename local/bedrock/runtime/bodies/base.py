"""What all request bodies share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from local.bedrock.engine.messages import Answer
from local.bedrock.runtime.answering import Prompt
from local.trainer.spec import Conversation, Turn


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


def conversation(system: str | list[TextBlock], messages: list[Message]) -> Conversation:
    turns = tuple(Turn(role=message.role, text=joined(message.content)) for message in messages)
    return Conversation(system=joined(system) or None, turns=turns)
