"""Reads messages that call tools, of every known form, as blocks of Converse's format.

Converse: blocks `toolUse` and `toolResult`. Chat completions: `tool_calls` and messages of the role `tool`; before them
`function_call` and the role `function`. Vertex AI: the parts `functionCall` and `functionResponse`.
Source of the last one: "Tune function calling", Vertex AI documentation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.datasets.field_and_role_names import ROLES, Fields, content_name, has_content, role_of
from tuner.datasets.records.record import ConverseJson
from tuner.datasets.records.schemas.messages import joined

_RESPONSES = ("functionResponse", "function_response")
_BLOCKS = ("text", "toolUse", "toolResult", "functionCall", "function_call", *_RESPONSES)
# What follows the way to correct a record.
OR_REMOVE = "or remove the record."


class ToolError(ValueError):
    """What is wrong with the tools of a record: the message, the field it is in, and how to correct it."""

    def __init__(self, message: str, field: str, correction: str) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = f"{correction}, {OR_REMOVE}"


class ToolTurns:
    """Reads the messages of one conversation.

    The forms of Vertex AI and of `function_call` may have no ids. There a result belongs to the earliest call of its
    name that has none yet.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._open: list[tuple[Any, str]] = []

    def read(self, messages: list[tuple[str, Any]]) -> tuple[str | None, list[tuple[str, list[ConverseJson]]]]:
        """The system prompt, and the turns. Results of tools are the user's; blocks of one speaker are one turn."""
        system: list[str] = []
        turns: list[tuple[str, list[ConverseJson]]] = []
        for where, message in messages:
            role = _role(message) if isinstance(message, Mapping) else None
            if role is None:
                raise ToolError("the message has no role.", where, "Add the role: user, assistant or tool")
            blocks = list(self._blocks(message, role, where))
            speaker = "user" if role == "tool" else role
            if speaker == "system":
                system += [block["text"] for block in blocks if "text" in block]
            elif turns and turns[-1][0] == speaker and (role == "tool" or "toolResult" in turns[-1][1][-1]):
                turns[-1][1].extend(blocks)
            else:
                turns.append((speaker, blocks))
        return "\n\n".join(system) or None, turns

    def _blocks(self, message: Fields, role: str, where: str) -> Iterator[ConverseJson]:
        """The message as blocks of Converse's format. Raises ToolError; `where` is its place in the record."""
        name = content_name(message)
        content = message.get(name) if name else None
        if any(message.get(each) == "function_call" for each in ROLES):
            raise ToolError("the call is a text, without an id.", where, "Write it as 'tool_calls' of the assistant")
        if role == "tool" and not _has_responses(content):
            number = message.get("tool_call_id") or self._answered(message.get("name"), where)
            text = joined(content, None)
            if text is None and content is not None:
                raise ToolError("the result of a tool must be a text.", where, "Write it as a text")
            yield {"toolResult": {"toolUseId": number, "content": [{"text": text or ""}]}}
            return
        if isinstance(content, str) and content.strip():
            yield {"text": content}
        for block in content if isinstance(content, list) else ():
            yield self._block(block, where)
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, Mapping) else None
            yield _tool_use(call.get("id") if isinstance(call, Mapping) else None, function, where)
        if has_content(call := message.get("function_call")):
            yield _tool_use(self._called(call), call, where)

    def _block(self, block: Any, where: str) -> ConverseJson:
        members = block if isinstance(block, Mapping) else {}
        known = {name: members[name] for name in _BLOCKS if members.get(name) not in (None, "")}
        if len(known) != 1:
            problem = "a block must have one of 'text', 'toolUse' and 'toolResult'."
            raise ToolError(problem, where, "Write a block for each")
        [(name, value)] = known.items()
        if name in ("text", "toolUse", "toolResult"):
            return known
        if not isinstance(value, Mapping):
            raise ToolError(f"a '{name}' must be an object.", where, 'Write {"name", "args"} or {"name", "response"}')
        if name in _RESPONSES:
            number = value.get("id") or self._answered(value.get("name"), where)
            return {"toolResult": {"toolUseId": number, "content": [{"json": value.get("response")}]}}
        number = value.get("id") or self._called(value)
        return {"toolUse": {"toolUseId": number, "name": value.get("name"), "input": value.get("args", {})}}

    def _called(self, call: Any) -> str:
        """An id for a call that has none."""
        self._calls += 1
        number = f"call-{self._calls}"
        self._open.append((call.get("name") if isinstance(call, Mapping) else None, number))
        return number

    def _answered(self, name: Any, where: str) -> str:
        """The id of the call that a result without an id belongs to."""
        found = next((each for each in self._open if each[0] == name), None)
        if found is None:
            problem = f"the result of '{str(name)[:60]}' belongs to no earlier call."
            raise ToolError(problem, where, "Write the name of the tool that was called")
        self._open.remove(found)
        return found[1]


def _role(message: Fields) -> str | None:
    """The speaker. Vertex AI's results may have none."""
    role = role_of(message)
    name = content_name(message)
    return "tool" if role is None and name and _has_responses(message[name]) else role


def _has_responses(content: Any) -> bool:
    blocks = content if isinstance(content, list) else ()
    return any(isinstance(block, Mapping) and has_content(block.get(name)) for block in blocks for name in _RESPONSES)


def _tool_use(number: Any, function: Any, where: str) -> ConverseJson:
    if not isinstance(function, Mapping):
        problem = "a call needs a function with a name and arguments."
        raise ToolError(problem, where, 'Write {"id", "function": {"name", "arguments"}}')
    return {"toolUse": {"toolUseId": number, "name": function.get("name"), "input": _arguments(function, where)}}


def _arguments(function: Fields, where: str) -> Any:
    value = function.get("arguments", {})
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        message = "the arguments of a call are not valid JSON."
        raise ToolError(message, where, "Write them as an object in JSON (in Python: json.dumps)") from None
