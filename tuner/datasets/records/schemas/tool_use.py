"""Reads conversations with tool calls. A record keeps them as blocks of Converse's format.

Converse: blocks `toolUse` and `toolResult`, and `toolConfig` beside the messages. Chat completions: `tool_calls`,
messages of the role `tool`, and `tools`; they are written as the same blocks.
Source: "Preparing data for SFT on Amazon Nova 2", Amazon Nova User Guide; AWS's Nova validator.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.datasets.field_and_role_names import ROLES, Fields, content_name, role_of
from tuner.datasets.findings import Issue
from tuner.datasets.records.record import ConverseJson, Record, ToolConversation, Turn
from tuner.datasets.records.schemas.context_fields import parsed_cell
from tuner.datasets.records.schemas.messages import joined

# What follows the way to correct a record.
OR_REMOVE = "or remove the record."


class _ToolError(ValueError):
    """What is wrong, the field it is in, and how to correct it."""

    def __init__(self, message: str, field: str, correction: str) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = f"{correction}, {OR_REMOVE}"


def tool_conversation(row: Fields, messages: list[Any], field: str, line: int) -> Record | tuple[Issue, ...]:
    """The row as a record with Converse's blocks, or the first issue."""
    try:
        config = _tool_config(row)
        system, turns = _turns(messages, field)
        _check(turns, config, field)
    except _ToolError as error:
        return (Issue("tool-use", str(error), error.remedy, error.field),)
    texts = tuple(Turn(role, _as_text(blocks), f"{field}[{number}]") for number, (role, blocks) in enumerate(turns))
    system = "\n\n".join(filter(None, [_system(row), system])) or None
    converse = tuple({"role": role, "content": blocks} for role, blocks in turns)
    return Record(line, texts, system, tools=ToolConversation(config, converse))


def _system(row: Fields) -> str | None:
    value = row.get("system")
    return value if isinstance(value, str) else joined(value, None)


def _tool_config(row: Fields) -> ConverseJson:
    """Converse's `toolConfig`, also of `tools` in the form of chat completions."""
    config: Any = parsed_cell(row.get("toolConfig"))
    field, schema_name = "toolConfig", "an inputSchema"
    if isinstance(config, Mapping):
        tools = config.get("tools")
    else:
        field, schema_name = "functions" if "functions" in row and "tools" not in row else "tools", "parameters"
        given = parsed_cell(row.get(field))  # LLaMA-Factory writes them as a text
        tools = [_tool_spec(tool) for tool in _declared(given)] if isinstance(given, list) else None
        config = {"tools": tools}
    if not isinstance(tools, list) or not tools:
        message = "the conversation calls tools that the record does not describe."
        raise _ToolError(message, field, f"Describe them in '{field}'")
    for tool in tools:
        spec = tool.get("toolSpec") if isinstance(tool, Mapping) else None
        schema = spec.get("inputSchema") if isinstance(spec, Mapping) else None
        parts = [spec.get("name"), spec.get("description")] if isinstance(spec, Mapping) else []
        if not all(isinstance(part, str) and part.strip() for part in parts) or not isinstance(schema, Mapping):
            raise _ToolError(f"a tool needs a name, a description and {schema_name}.", field, "Add what is missing")
    described: ConverseJson = config
    return described


def _declared(tools: list[Any]) -> Iterator[Any]:
    """The tools of a list. Vertex AI has lists of them inside of it."""
    for tool in tools:
        inner = tool.get("functionDeclarations") if isinstance(tool, Mapping) else None
        yield from inner if isinstance(inner, list) else (tool,)


def _tool_spec(tool: Any) -> ConverseJson:
    function = tool.get("function", tool) if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        raise _ToolError("a tool must be an object.", "tools", 'Write {"name", "description", "parameters"}')
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    described = {name: function[name] for name in ("name", "description") if name in function}
    return {"toolSpec": {**described, "inputSchema": {"json": parameters}}}


def _turns(messages: list[Any], field: str) -> tuple[str | None, list[tuple[str, list[ConverseJson]]]]:
    """The system prompt, and the turns. Results of tools are the user's; blocks of one speaker are one turn."""
    system: list[str] = []
    turns: list[tuple[str, list[ConverseJson]]] = []
    for number, message in enumerate(messages):
        where = f"{field}[{number}]"
        role = role_of(message) if isinstance(message, Mapping) else None
        if role is None:
            raise _ToolError("the message has no role.", where, "Add the role: user, assistant or tool")
        blocks = list(_blocks(message, where))
        speaker = "user" if role == "tool" else role
        if speaker == "system":
            system += [block["text"] for block in blocks if "text" in block]
        elif turns and turns[-1][0] == speaker and (role == "tool" or "toolResult" in turns[-1][1][-1]):
            turns[-1][1].extend(blocks)
        else:
            turns.append((speaker, blocks))
    return "\n\n".join(system) or None, turns


def _blocks(message: Fields, where: str) -> Iterator[ConverseJson]:
    """The message as blocks of Converse's format. Raises _ToolError; `where` is the message's place in the record."""
    name = content_name(message)
    content = message.get(name) if name else None
    if any(message.get(role) == "function_call" for role in ROLES):
        raise _ToolError("the call is a text, without an id.", where, "Write it as 'tool_calls' of the assistant")
    if role_of(message) == "tool":
        text = joined(content, None)
        yield {"toolResult": {"toolUseId": message.get("tool_call_id"), "content": [{"text": text or ""}]}}
        return
    if isinstance(content, str) and content.strip():
        yield {"text": content}
    for block in content if isinstance(content, list) else ():
        kept = (
            {part: block.get(part) for part in ("text", "toolUse", "toolResult")} if isinstance(block, Mapping) else {}
        )
        known = {part: value for part, value in kept.items() if value not in (None, "")}
        if len(known) != 1:
            problem = "a block must have one of 'text', 'toolUse' and 'toolResult'."
            raise _ToolError(problem, where, "Write a block for each")
        yield known
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping):
            problem = "a call needs a function with a name and arguments."
            raise _ToolError(problem, where, 'Write {"id", "function": {"name", "arguments"}}')
        yield {
            "toolUse": {"toolUseId": call.get("id"), "name": function.get("name"), "input": _arguments(function, where)}
        }


def _arguments(function: Fields, where: str) -> Any:
    value = function.get("arguments", {})
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        message = "the arguments of a call are not valid JSON."
        raise _ToolError(message, where, "Write them as an object in JSON (in Python: json.dumps)") from None


def _check(turns: list[tuple[str, list[ConverseJson]]], config: ConverseJson, field: str) -> None:
    """Every call names a described tool and has an id of its own; every result belongs to an earlier call."""
    known = {tool["toolSpec"]["name"] for tool in config["tools"]}
    calls: set[str] = set()
    results: set[str] = set()
    for number, (role, blocks) in enumerate(turns):
        where = f"{field}[{number}]"
        if not blocks:
            raise _ToolError("the message is empty.", where, "Write a text, a call or a result")
        for block in blocks:
            call, result = block.get("toolUse"), block.get("toolResult")
            if call is not None:
                _check_call(role, call, known, calls, where)
            elif result is not None:
                _check_result(role, result, calls, results, where)


def _check_call(role: str, call: Any, known: set[str], calls: set[str], where: str) -> None:
    name, number = (call.get("name"), call.get("toolUseId")) if isinstance(call, Mapping) else (None, None)
    if role != "assistant" or not isinstance(number, str) or not number or not isinstance(call.get("input"), Mapping):
        message = "a call is the assistant's, and has a toolUseId, a name and an input."
        raise _ToolError(message, where, "Add what is missing, or move the call to the assistant's message")
    if name not in known:
        raise _ToolError(f"the tool '{str(name)[:60]}' is not described.", where, "Correct the name, describe the tool")
    if number in calls:
        raise _ToolError(f"two calls have the id '{number[:60]}'.", where, "Give each call an id of its own")
    calls.add(number)


def _check_result(role: str, result: Any, calls: set[str], results: set[str], where: str) -> None:
    number = result.get("toolUseId") if isinstance(result, Mapping) else None
    if role != "user" or not isinstance(number, str) or not isinstance(result.get("content"), list):
        message = "a result is the user's, and has a toolUseId and a content."
        raise _ToolError(message, where, "Add what is missing, or move the result to the user's message")
    if number not in calls or number in results:
        message = f"the result '{number[:60]}' belongs to no earlier call."
        raise _ToolError(message, where, "Write the id of its call, once")
    results.add(number)


def _as_text(blocks: list[ConverseJson]) -> str:
    """The turn as a text, for the count of tokens and for people. Calls and results are JSON."""
    return "\n".join(block.get("text") or json.dumps(block, ensure_ascii=False) for block in blocks)
