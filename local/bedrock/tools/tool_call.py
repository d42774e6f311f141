"""The tool call that a Converse request asks for: a forced tool, or a JSON Schema in the system prompt."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from local.bedrock.errors import ValidationError


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool, and the request's system prompt, user text and texts of its documents."""

    name: str
    description: str
    schema: dict[str, Any]
    system: str
    text: str
    documents: tuple[str, ...] = ()

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The properties of the tool's input schema, which is any JSON Schema."""
        found: dict[str, dict[str, Any]] = self.schema.get("properties", {})
        return found

    def tagged(self, name: str) -> str | None:
        """The unescaped text between `<name>` and `</name>`, or None if the text has no such tag."""
        match = re.search(rf"<{name}>\s*(.*?)\s*</{name}>", self.text, re.DOTALL)
        return html.unescape(match[1]) if match else None


def forced_tool(params: dict[str, Any], text: str, system: str, documents: tuple[str, ...] = ()) -> ToolCall | None:
    """The tool that toolChoice forces, or None if it forces none.

    Raises:
        ValidationError: toolChoice names a tool that is not in toolConfig.
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


def schema_in_prompt(text: str, system: str, documents: tuple[str, ...] = ()) -> ToolCall | None:
    """The tool whose JSON Schema is at the end of the system prompt, or None if there is none."""
    _, marker, text_of_schema = system.rpartition("JSON Schema:\n")
    if not marker:
        return None
    try:
        schema = json.loads(text_of_schema)
    except ValueError:
        return None
    return ToolCall("reply", "", schema, system, text, documents)
