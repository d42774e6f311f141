"""Reads the turns of the converted training records, in each of the formats that they can have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tuner.artifacts.dataset import Message


def training_turns(records: Iterable[Any], system_prompt: str | None) -> Iterator[tuple[Message, ...]]:
    """The turns of each record of dataset/training.jsonl; empty for one that has turns without text, as tool calls."""
    for record in records:
        yield _from_pair(record, system_prompt) if "prompt" in record else _from_messages(record["messages"])


def _from_pair(record: Any, system_prompt: str | None) -> tuple[Message, ...]:
    # A record of prompt and completion begins with the system prompt. A request sends it separately: it is removed.
    prompt = record["prompt"].removeprefix(f"{system_prompt}\n\n") if system_prompt else record["prompt"]
    return Message(role="user", text=prompt), Message(role="assistant", text=record["completion"])


def _from_messages(messages: Any) -> tuple[Message, ...]:
    turns = tuple(Message(role=each["role"], text=_text(each["content"])) for each in messages)
    return turns if all(turn.text.strip() for turn in turns) else ()


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(block.get("text", "") for block in content)
