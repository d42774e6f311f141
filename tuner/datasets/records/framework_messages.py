"""Reads messages in the forms in which frameworks for language models store them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tuner.datasets.field_and_role_names import ROLES, Fields, content_name

TOOL_MEMBERS = (
    "tool_calls", "function_call", "toolUse", "toolResult", "tool_use", "tool_result", "functionCall",
    "functionResponse", "function_response", "tool_call_id",
)  # fmt: skip
# Members with the blocks of a message: LlamaIndex, Semantic Kernel.
_BLOCKS = ("blocks", "items")
# Kinds of messages of LangChain, and of its serialized classes (`HumanMessage`), with their speakers.
_LANGCHAIN = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "function"}


def plain_message(message: Any) -> Any:
    """A message of LangChain, LlamaIndex or Semantic Kernel as one with a role and a content; others unchanged."""
    if not isinstance(message, Mapping):
        return message
    if not message.keys() & {*ROLES}:
        return _of_langchain(message)
    blocks = next((name for name in _BLOCKS if isinstance(message.get(name), list)), None)
    if blocks is None or content_name(message) is not None:
        return message
    return _with_calls(
        {name: value for name, value in message.items() if name != blocks} | {"content": message[blocks]}
    )


def _of_langchain(message: Fields) -> Fields:
    """A message of one of LangChain's forms as a plain one; any other message unchanged.

    `messages_to_dict` writes `{"type": "human", "data": {"content": ...}}`, `model_dump` writes `{"type": "human",
    "content": ...}`, and `dumpd` writes `{"lc": 1, "id": [..., "HumanMessage"], "kwargs": {"content": ...}}`.
    """
    kind, inner = message.get("type"), message.get("data", message)
    name = message.get("id")
    if kind == "constructor" and isinstance(name, list) and name:
        kind, inner = name[-1], message.get("kwargs")
    if not isinstance(kind, str) or not isinstance(inner, Mapping) or "content" not in inner:
        return message
    kind = re.sub(r"message(?:chunk)?$", "", kind.lower())
    role = inner.get("role") if kind == "chat" else _LANGCHAIN.get(kind)
    if not isinstance(role, str):
        return message
    # `example` is false in every message.
    members = {name: value for name, value in inner.items() if name not in ("type", "role", "example")}
    return _with_calls({"role": role, **members})


def _with_calls(message: Fields) -> Fields:
    """The message with the calls of tools that older versions have only among the additional arguments."""
    added = message.get("additional_kwargs")
    calls = {name: added[name] for name in TOOL_MEMBERS if name in added} if isinstance(added, Mapping) else {}
    return {**calls, **{name: value for name, value in message.items() if name != "additional_kwargs"}}
