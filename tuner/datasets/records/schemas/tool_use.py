"""Reads conversations with tool calls. A record keeps them as blocks of Converse's format.

The tools are described in Converse's `toolConfig`, or in `tools` and `functions` of chat completions and Vertex AI.
Source: "Preparing data for SFT on Amazon Nova 2", Amazon Nova User Guide; AWS's Nova validator.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.datasets.field_and_role_names import Fields, content_name
from tuner.datasets.findings import Issue
from tuner.datasets.records.record import ConverseJson, Record, ToolConversation, Turn
from tuner.datasets.records.schemas.context_fields import ContextFields, parsed_cell
from tuner.datasets.records.schemas.messages import media_in, media_issue, turn_decisions
from tuner.datasets.records.schemas.tool_messages import ToolError, ToolTurns

_VERTEX_TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")


def tool_conversation(
    row: Fields, messages: list[tuple[str, Any]], line: int, system: str | None, added: ContextFields
) -> Record | tuple[Issue, ...]:
    """The row as a record with Converse's blocks, or the first issue.

    `messages` are pairs of a place and a message. `system` and `added` are what other fields add to the conversation.
    """
    for where, message in messages:
        if isinstance(message, Mapping):
            if found := media_in(message):
                return (media_issue(found, where),)
            if issues := turn_decisions(message, where, content_name(message)):
                return issues
    field = messages[0][0].partition("[")[0] if messages else "messages"
    try:
        config = _tool_config(row)
        own_system, turns = ToolTurns().read(messages)
        _add(turns, added, field)
        _check(turns, config, field)
    except ToolError as error:
        return (Issue("tool-use", str(error), error.remedy, error.field),)
    texts = tuple(Turn(role, _as_text(blocks), f"{field}[{number}]") for number, (role, blocks) in enumerate(turns))
    system = "\n\n".join(filter(None, [system, own_system])) or None
    converse = tuple({"role": role, "content": blocks} for role, blocks in turns)
    return Record(line, texts, system, tools=ToolConversation(config, converse))


def _add(turns: list[tuple[str, list[ConverseJson]]], added: ContextFields, field: str) -> None:
    """Adds what belongs to the first question, and the turns before it."""
    if not (added.before or added.after or added.earlier):
        return
    blocks = turns[0][1] if turns else []
    at = next((at for at, block in enumerate(blocks) if "text" in block), None)
    if at is None:
        problem = "the first message has no text, and other fields of the record belong to it."
        raise ToolError(problem, f"{field}[0]", "Write the question as a text")
    blocks[at] = {"text": added.question(blocks[at]["text"])}
    turns[:0] = [(turn.speaker, [{"text": turn.text}]) for turn in added.earlier]


def _tool_config(row: Fields) -> ConverseJson:
    """Converse's `toolConfig`, also of `tools` in the form of chat completions."""
    config: Any = parsed_cell(row.get("toolConfig"))
    field, schema_name = "toolConfig", "an inputSchema"
    if isinstance(config, Mapping) and "functionCallingConfig" in config:
        problem = "Vertex AI's 'functionCallingConfig' has no counterpart in training data."
        raise ToolError(problem, field, "Remove it from the record")
    if isinstance(config, Mapping):
        tools = config.get("tools")
    else:
        field, schema_name = "functions" if "functions" in row and "tools" not in row else "tools", "parameters"
        given = parsed_cell(row.get(field))  # LLaMA-Factory writes them as a text
        tools = [_tool_spec(tool) for tool in _declared(given)] if isinstance(given, list) else None
        config = {"tools": tools}
    if not isinstance(tools, list) or not tools:
        message = "the conversation calls tools that the record does not describe."
        raise ToolError(message, field, f"Describe them in '{field}'")
    for tool in tools:
        spec = tool.get("toolSpec") if isinstance(tool, Mapping) else None
        schema = spec.get("inputSchema") if isinstance(spec, Mapping) else None
        parts = [spec.get("name"), spec.get("description")] if isinstance(spec, Mapping) else []
        if not all(isinstance(part, str) and part.strip() for part in parts) or not isinstance(schema, Mapping):
            raise ToolError(f"a tool needs a name, a description and {schema_name}.", field, "Add what is missing")
    described: ConverseJson = config
    return described


def _declared(tools: list[Any]) -> Iterator[Any]:
    """The tools of a list. Vertex AI has lists of them inside of it."""
    for tool in tools:
        names = ("functionDeclarations", "function_declarations")
        inner = next((tool[name] for name in names if name in tool), None) if isinstance(tool, Mapping) else None
        yield from inner if isinstance(inner, list) else (tool,)


def _tool_spec(tool: Any) -> ConverseJson:
    function = tool.get("function", tool) if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        raise ToolError("a tool must be an object.", "tools", 'Write {"name", "description", "parameters"}')
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    described = {name: function[name] for name in ("name", "description") if name in function}
    return {"toolSpec": {**described, "inputSchema": {"json": _json_schema(parameters)}}}


def _json_schema(schema: Any) -> Any:
    """The schema with the types of JSON Schema: Vertex AI writes them in capitals."""
    if isinstance(schema, list):
        return [_json_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: value.lower() if name == "type" and value in _VERTEX_TYPES
        # A default, an example or a constant is a value, and not a schema.
        else value if name in ("default", "example", "examples", "enum", "const")
        else _json_schema(value)
        for name, value in schema.items()
    }  # fmt: skip


def _check(turns: list[tuple[str, list[ConverseJson]]], config: ConverseJson, field: str) -> None:
    """Every call names a described tool and has an id of its own; every result belongs to an earlier call."""
    known = {tool["toolSpec"]["name"] for tool in config["tools"]}
    calls: set[str] = set()
    results: set[str] = set()
    for number, (role, blocks) in enumerate(turns):
        where = f"{field}[{number}]"
        if not blocks:
            raise ToolError("the message is empty.", where, "Write a text, a call or a result")
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
        raise ToolError(message, where, "Add what is missing, or move the call to the assistant's message")
    if name not in known:
        raise ToolError(f"the tool '{str(name)[:60]}' is not described.", where, "Correct the name, describe the tool")
    if number in calls:
        raise ToolError(f"two calls have the id '{number[:60]}'.", where, "Give each call an id of its own")
    calls.add(number)


def _check_result(role: str, result: Any, calls: set[str], results: set[str], where: str) -> None:
    number = result.get("toolUseId") if isinstance(result, Mapping) else None
    if role != "user" or not isinstance(number, str) or not isinstance(result.get("content"), list):
        message = "a result is the user's, and has a toolUseId and a content."
        raise ToolError(message, where, "Add what is missing, or move the result to the user's message")
    if not all(map(_is_result_content, result["content"])):
        message = "the content of a result must be blocks with a 'text', or with an object in 'json'."
        raise ToolError(message, where, "Write what matters as a text")
    if number not in calls or number in results:
        message = f"the result '{number[:60]}' belongs to no earlier call."
        raise ToolError(message, where, "Write the id of its call, once")
    results.add(number)


def _is_result_content(content: Any) -> bool:
    """Whether AWS's Nova validator accepts it: a text or an object, and not both."""
    if not isinstance(content, Mapping) or len(content) != 1:
        return False
    return isinstance(content.get("text"), str) or isinstance(content.get("json"), Mapping)


def _as_text(blocks: list[ConverseJson]) -> str:
    """The turn as a text, for the count of tokens and for people. Calls and results are JSON."""
    return "\n".join(block.get("text") or json.dumps(block, ensure_ascii=False) for block in blocks)
