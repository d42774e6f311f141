"""A tool to fill in, as Converse asks for it: forced, or as a JSON Schema in the system prompt."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from local.bedrock.errors import ValidationError


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The tool to be filled in, and the words it is about; `documents` are the texts of those in the request."""

    name: str
    description: str
    schema: dict[str, Any]
    system: str
    text: str
    documents: tuple[str, ...] = ()

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The properties of the tool's input schema."""
        found: dict[str, dict[str, Any]] = self.schema.get("properties", {})
        return found

    def tagged(self, name: str) -> str | None:
        """What stands between `<name>` and `</name>`, unescaped; None where the text has no such tag."""
        match = re.search(rf"<{name}>\s*(.*?)\s*</{name}>", self.text, re.DOTALL)
        return html.unescape(match[1]) if match else None


def forced_tool(params: dict[str, Any], text: str, system: str, documents: tuple[str, ...] = ()) -> ToolCall | None:
    """The tool that toolChoice forces, or None where the model may answer in words.

    Raises:
        ValidationError: toolChoice names a tool that toolConfig has not.
    """
    config = params.get("toolConfig", {})
    choice = config.get("toolChoice", {})
    if not {"tool", "any"} & set(choice):
        return None
    tools = [tool["toolSpec"] for tool in config["tools"] if "toolSpec" in tool]
    if "tool" in choice:
        tools = [tool for tool in tools if tool["name"] == choice["tool"]["name"]]
    if not tools:
        raise ValidationError("toolChoice names a tool that is not among the tools of toolConfig.")
    tool = tools[0]
    schema = tool["inputSchema"].get("json", {})
    return ToolCall(tool["name"], tool.get("description", ""), schema, system, text, documents)


def tool_in_words(text: str, system: str, documents: tuple[str, ...] = ()) -> ToolCall | None:
    """The tool whose JSON Schema ends the system prompt, or None where the model may answer in prose."""
    _, marker, written = system.rpartition("JSON Schema:\n")
    if not marker:
        return None
    try:
        schema = json.loads(written)
    except ValueError:
        return None
    return ToolCall("reply", "", schema, system, text, documents)
