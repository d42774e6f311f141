"""Tool calls in conversations: converted for a family that is tuned on them, and refused by one sentence for others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.datasets.memory_files import CLAUDE, LLAMA, NOVA, NOVA_2, MemorySink, MemorySource, jsonl
from tests.unit.datasets.records.test_conversations import ANSWERED, ASKED, ASSISTANT, EXPECTED, SYSTEM, USER, errors
from tests.unit.datasets.records.test_fields import converted, findings
from tuner.catalog import model
from tuner.datasets import RecordLimits, convert
from tuner.settings import FieldNames

CALL = {"id": "c1", "type": "function", "function": {"name": "depth", "arguments": '{"pier": 4}'}}
PARAMETERS = {"type": "object", "properties": {"pier": {"type": "integer"}}}
CHAT_TOOLS: dict[str, Any] = {
    "tools": [
        {"type": "function", "function": {"name": "depth", "description": "Depth of a pier", "parameters": PARAMETERS}}
    ],
    "messages": [
        SYSTEM,
        USER,
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "9"},
        ASSISTANT,
    ],
}
CONVERSE_TOOLS = {
    "schemaVersion": "bedrock-conversation-2024",
    "system": [{"text": "Be kind."}],
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "depth", "description": "Depth of a pier", "inputSchema": {"json": PARAMETERS}}}
        ]
    },
    "messages": [
        {"role": "user", "content": [{"text": ASKED}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "depth", "input": {"pier": 4}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "9"}]}}]},
        {"role": "assistant", "content": [{"text": ANSWERED}]},
    ],
}


def for_model(name: str, record: dict) -> tuple[list[str], list[dict]]:
    sink = MemorySink()
    source = MemorySource("training.jsonl", jsonl([record] * 8), 10**6)
    checked = convert(source, RecordLimits(model(name), "training"), FieldNames(), sink)
    errors = [finding.message for finding in checked.findings.kept if finding.severity == "error"]
    return errors, [json.loads(line) for line in (sink.committed or b"").splitlines()]


FUNCTIONS: dict[str, Any] = {
    "functions": [{"name": "depth", "description": "Depth of a pier", "parameters": PARAMETERS}],
    "messages": [
        SYSTEM,
        USER,
        {"role": "assistant", "content": None, "function_call": {"name": "depth", "arguments": '{"pier": 4}'}},
        {"role": "function", "name": "depth", "content": "9"},
        ASSISTANT,
    ],
}
VERTEX: dict[str, Any] = {
    "systemInstruction": {"role": "system", "parts": [{"text": "Be kind."}]},
    "contents": [
        {"role": "user", "parts": [{"text": ASKED}]},
        {"role": "model", "parts": [{"functionCall": {"name": "depth", "args": {"pier": 4}}}]},
        {"parts": [{"functionResponse": {"name": "depth", "response": {"output": 9}}}]},
        {"role": "model", "parts": [{"text": ANSWERED}]},
    ],
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "depth",
                    "description": "Depth of a pier",
                    "parameters": {"type": "OBJECT", "properties": {"pier": {"type": "INTEGER"}}},
                }
            ]
        }
    ],
}


def with_ids(record: dict[str, Any], number: str, content: dict[str, Any]) -> dict[str, Any]:
    """CONVERSE_TOOLS with another id of its call and another result."""
    changed = json.loads(json.dumps(record))
    changed["messages"][1]["content"][0]["toolUse"]["toolUseId"] = number
    changed["messages"][2]["content"][0]["toolResult"] = {"toolUseId": number, "content": [content]}
    return changed


@pytest.mark.parametrize(
    ("record", "content"), [(FUNCTIONS, {"text": "9"}), (VERTEX, {"json": {"output": 9}})], ids=["functions", "Vertex"]
)
def test_calls_without_ids_are_numbered(record, content):
    errors, records = for_model(NOVA_2, record)
    assert (errors, records[0]) == ([], with_ids(CONVERSE_TOOLS, "call-1", content))


def test_results_without_ids_belong_to_the_earliest_call_of_their_name():
    calls = [{"functionCall": {"name": "depth", "args": {"pier": pier}}} for pier in (4, 5)]
    other = {"name": "width", "description": "Width", "parameters": {"type": "OBJECT", "properties": {}}}
    calls.append({"function_call": {"name": "width"}})
    results = [
        {"functionResponse": {"name": name, "response": {"is": value}}}
        for name, value in (("width", 1), ("depth", 2), ("depth", 3))
    ]
    contents = VERTEX["contents"]
    record = {
        **VERTEX,
        "tools": [{"function_declarations": [*VERTEX["tools"][0]["functionDeclarations"], other]}],
        "contents": [contents[0], {"role": "model", "parts": calls}, {"role": "user", "parts": results}, contents[3]],
    }
    errors, records = for_model(NOVA_2, record)
    assert errors == []
    _, called, answered, _ = (message["content"] for message in records[0]["messages"])
    assert [block["toolUse"]["toolUseId"] for block in called] == ["call-1", "call-2", "call-3"]
    assert called[2]["toolUse"]["input"] == {}
    assert [(each["toolResult"]["toolUseId"], each["toolResult"]["content"][0]["json"]["is"]) for each in answered] == [
        ("call-3", 1),
        ("call-1", 2),
        ("call-2", 3),
    ]


def test_a_schema_of_vertex_gets_the_types_of_json_schema_and_keeps_its_values():
    properties = {"type": {"type": "STRING", "enum": ["STRING"], "default": {"type": "STRING"}}}
    declared = {"name": "depth", "description": "d", "parameters": {"type": "OBJECT", "properties": properties}}
    _, records = for_model(NOVA_2, {**VERTEX, "tools": [{"functionDeclarations": [declared]}]})
    schema = records[0]["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    expected = {"type": {"type": "string", "enum": ["STRING"], "default": {"type": "STRING"}}}
    assert schema == {"type": "object", "properties": expected}


def vertex_part(part: dict[str, Any], at: int = 2) -> dict[str, Any]:
    contents = list(VERTEX["contents"])
    contents[at] = {"role": contents[at].get("role", "user"), "parts": [part]}
    return {**VERTEX, "contents": contents}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (vertex_part({"functionResponse": {"name": "width", "response": {}}}), "'width' belongs to no earlier call"),
        (vertex_part({"functionResponse": {"name": "depth", "response": "9"}}), "an object in 'json'"),
        (vertex_part({"functionResponse": "9"}), "'functionResponse' must be an object"),
        (vertex_part({"functionCall": {"name": "width", "args": {}}}, 3), "'width' is not described"),
        (vertex_part({"text": "I think.", "thought": True}, 3), "the message has reasoning"),
        (vertex_part({"inlineData": {"mimeType": "image/png", "data": "AA"}}, 0), "the message has an image"),
        ({**VERTEX, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "has no counterpart"),
        ({**CHAT_TOOLS, "choices": {"a": [["x"]]}}, "belongs to the question as its choices"),
    ],
)
def test_what_cannot_be_kept_of_a_conversation_with_tools_is_refused(record, words):
    errors, records = for_model(NOVA_2, record)
    assert records == []
    assert any(words in error for error in errors)


def test_a_thought_that_is_none_is_no_reasoning():
    assert for_model(NOVA_2, vertex_part({"text": ANSWERED, "thought": False}, 3))[0] == []


def test_what_stands_beside_a_conversation_with_tools_is_kept():
    beside = {"system_prompt": "Be brief.", "context": "Guide.", "history": [["Is it open?", "Yes."]]}
    errors, records = for_model(NOVA_2, {**CHAT_TOOLS, **beside})
    assert errors == []
    assert records[0]["system"] == [{"text": "Be brief.\n\nBe kind."}]
    texts = [message["content"][0].get("text") for message in records[0]["messages"]]
    assert texts[:3] == ["Is it open?", "Yes.", f"{ASKED}\n\nGuide."]


def test_an_answer_with_tools_that_is_marked_as_not_learnt_is_left_out():
    messages = [*CHAT_TOOLS["messages"][:-1], {**ASSISTANT, "weight": 0}]
    sink = MemorySink()
    source = MemorySource("training.jsonl", jsonl([CHAT_TOOLS, {**CHAT_TOOLS, "messages": messages}]), 10**6)
    checked = convert(source, RecordLimits(model(NOVA_2), "training"), FieldNames(), sink)
    assert len((sink.committed or b"").splitlines()) == 1
    assert checked.fields.records_left_out == 1


@pytest.mark.parametrize("record", [CHAT_TOOLS, CONVERSE_TOOLS])
def test_tool_calls_are_converted_for_a_family_that_is_tuned_on_them(record):
    errors, records = for_model(NOVA_2, record)
    assert errors == []
    assert records[0] == CONVERSE_TOOLS


@pytest.mark.parametrize("record", [CHAT_TOOLS, CONVERSE_TOOLS, FUNCTIONS, VERTEX])
@pytest.mark.parametrize("name", [CLAUDE, NOVA, LLAMA])
def test_tool_calls_are_refused_for_other_families_by_one_sentence(name, record):
    errors, records = for_model(name, record)
    assert records == []
    assert any(f"calls tools; {model(name).name} is not tuned on tool calls" in error for error in errors)


DESCRIBED = {"messages": [USER, ASSISTANT], "tools": CHAT_TOOLS["tools"]}


def test_tools_that_are_a_text_are_read_as_the_list_in_it():
    errors, records = for_model(NOVA_2, {**CHAT_TOOLS, "tools": json.dumps(CHAT_TOOLS["tools"])})
    assert (errors, records[0]) == ([], CONVERSE_TOOLS)


@pytest.mark.parametrize("empty", [[], "[]", "", None])
def test_an_empty_description_of_tools_is_none(empty):
    checked, records = converted({"messages": [SYSTEM, USER, ASSISTANT], "tools": empty})
    assert records == [EXPECTED]
    assert findings(checked, "tool-use", "placeholder") == []
    assert "tools" not in checked.fields.fields


def test_tools_that_are_only_described_are_not_said_to_be_called():
    checked, _ = converted(DESCRIBED)
    [error] = errors(checked)
    assert "describes tools and calls none; Claude" in error.message
    assert "tuned on tool calls (Nova 2 Lite), or ignore the description" in error.remedy
    _, records = converted(DESCRIBED, fields=FieldNames(ignore=("tools",)))
    assert records == [{"messages": [USER, ASSISTANT]}]


@pytest.mark.parametrize("tools", [None, CHAT_TOOLS["tools"]])
def test_for_a_family_without_tools_no_remedy_says_how_to_write_them(tools):
    called = {"from": "function_call", "value": '{"name": "depth", "arguments": {}}'}
    turns = [{"from": "human", "value": ASKED}, called, {"from": "gpt", "value": ANSWERED}]
    checked, _ = converted({"conversations": turns, "tools": tools})
    [error] = errors(checked)
    assert error.remedy == "Remove the record, or choose a base model that is tuned on tool calls (Nova 2 Lite)."


def test_a_call_that_is_a_text_is_named_as_one():
    turns = [{"from": "human", "value": ASKED}, {"from": "function_call", "value": "{}"}]
    [error, *_], _ = for_model(NOVA_2, {"conversations": turns, "tools": CHAT_TOOLS["tools"]})
    assert error == "the call is a text, without an id."


def without(path: str) -> dict:
    """CHAT_TOOLS with one thing wrong."""
    record = json.loads(json.dumps(CHAT_TOOLS))
    call = record["messages"][2]["tool_calls"][0]
    if path == "tools":
        del record["tools"]
    elif path == "name":
        call["function"]["name"] = "width"
    elif path == "arguments":
        call["function"]["arguments"] = "{"
    elif path == "deep arguments":
        call["function"]["arguments"] = "[" * 5_000
    elif path == "result":
        record["messages"][3]["tool_call_id"] = "c2"
    else:
        call["id"] = None
    return record


@pytest.mark.parametrize(
    ("path", "words", "what_to_do"),
    [
        ("tools", "does not describe", "Describe them in 'tools'"),
        ("name", "'width' is not described", "Correct the name, describe the tool"),
        ("arguments", "not valid JSON", "Write them as an object in JSON (in Python: json.dumps)"),
        ("deep arguments", "not valid JSON", "Write them as an object in JSON (in Python: json.dumps)"),
        ("result", "'c2' belongs to no earlier call", "Write the id of its call, once"),
        ("id", "has a toolUseId", "Add what is missing, or move the call to the assistant's message"),
    ],
)
def test_wrong_tool_calls_are_refused(path, words, what_to_do):
    checked = convert(
        MemorySource("t.jsonl", jsonl([without(path)] * 8), 10**6),
        RecordLimits(model(NOVA_2), "training"),
        FieldNames(),
        MemorySink(),
    )
    found = [finding for finding in checked.findings.kept if finding.rule == "tool-use"]
    assert found
    assert all(words in finding.message for finding in found)
    assert all(finding.remedy.endswith(f"{what_to_do}, or remove the record.") for finding in found)


def test_tool_calls_in_evaluation_data_are_refused():
    checked, _ = converted(CHAT_TOOLS, role="evaluation")
    assert "are asked without tools" in checked.findings.kept[0].message
