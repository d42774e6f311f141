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


@pytest.mark.parametrize("record", [CHAT_TOOLS, CONVERSE_TOOLS])
def test_tool_calls_are_converted_for_a_family_that_is_tuned_on_them(record):
    errors, records = for_model(NOVA_2, record)
    assert errors == []
    assert records[0] == CONVERSE_TOOLS


@pytest.mark.parametrize("record", [CHAT_TOOLS, CONVERSE_TOOLS])
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
