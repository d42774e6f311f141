"""Writes records in the format of a model family, one JSON object per line.

    converse            {"schemaVersion", "system": [{"text"}], "messages": [{"role", "content": [{"text"}]}]}
    anthropic           {"system", "messages": [{"role", "content"}]}
    prompt_completion   {"prompt", "completion"}; the system prompt and a blank line are put before the prompt

Source: "Prepare your training datasets for fine-tuning", Amazon Bedrock User Guide, read in autumn 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import msgspec

from tuner.catalog.models import RecordFormat
from tuner.datasets.records.record import Record

SCHEMA_VERSION = "bedrock-conversation-2024"
_JSON = msgspec.json.Encoder()


class Text(msgspec.Struct, gc=False, frozen=True):
    """One content block of Converse."""

    text: str


class ConverseMessage(msgspec.Struct, gc=False, frozen=True):
    """One turn of Converse."""

    role: str
    content: tuple[Text]


class Converse(msgspec.Struct, gc=False, frozen=True, rename="camel", omit_defaults=True):
    """One record in Converse's format."""

    schema_version: str
    system: tuple[Text] | tuple[()] = ()
    messages: tuple[Any, ...] = ()


class AnthropicMessage(msgspec.Struct, gc=False, frozen=True):
    """One turn of Claude's Messages format."""

    role: str
    content: str


class Anthropic(msgspec.Struct, gc=False, frozen=True, omit_defaults=True):
    """One record in Claude's Messages format."""

    system: str | None = None
    messages: tuple[Any, ...] = ()


class PromptCompletion(msgspec.Struct, gc=False, frozen=True):
    """One record of a prompt and its completion."""

    prompt: str
    completion: str


class ConverseTools(msgspec.Struct, gc=False, frozen=True, rename="camel", omit_defaults=True):
    """One record in Converse's format with tool calls."""

    schema_version: str
    system: tuple[Text] | tuple[()] = ()
    tool_config: Any = None
    messages: tuple[Any, ...] = ()


FormattedRecord = Converse | ConverseTools | Anthropic | PromptCompletion


def encoded(records: Sequence[FormattedRecord]) -> bytes:
    """The records as JSONL in UTF-8. Characters beyond ASCII are not escaped."""
    return _JSON.encode_lines(records)


def to_format(record: Record, record_format: RecordFormat, system: str | None) -> FormattedRecord:
    """A record in a family's format. `system` is the system prompt that applies to it."""
    head = (Text(system),) if system else ()
    if record_format == "converse" and record.tools:
        return ConverseTools(SCHEMA_VERSION, head, record.tools.config, record.tools.messages)
    if record_format == "converse":
        turns = tuple(ConverseMessage(turn.speaker, (Text(turn.text),)) for turn in record.turns)
        return Converse(SCHEMA_VERSION, head, turns)
    if record_format == "anthropic":
        return Anthropic(system, tuple(AnthropicMessage(turn.speaker, turn.text) for turn in record.turns))
    return PromptCompletion(with_system(record.prompt, system), record.completion)


def with_system(prompt: str, system: str | None) -> str:
    """The prompt for a format without a member for the system prompt."""
    return f"{system}\n\n{prompt}" if system else prompt


class _AnthropicUser(msgspec.Struct, gc=False, frozen=True, tag_field="role", tag="user"):
    content: str


class _AnthropicAssistant(msgspec.Struct, gc=False, frozen=True, tag_field="role", tag="assistant"):
    content: str


class _ConverseUser(msgspec.Struct, gc=False, frozen=True, tag_field="role", tag="user"):
    content: tuple[Text]


class _ConverseAssistant(msgspec.Struct, gc=False, frozen=True, tag_field="role", tag="assistant"):
    content: tuple[Text]


def encoded_pairs(
    prompts: Sequence[str], completions: Sequence[str], record_format: RecordFormat, system: str | None
) -> bytes:
    """Does the same as `to_format` and `encoded`, for questions and answers without a system prompt of their own.

    It runs for every record of a large file, so it makes as few objects as possible. The role of a message is the tag
    of its class, which msgspec writes without a Python object.
    """
    records: Iterable[FormattedRecord]
    if record_format == "converse":
        users = map(_ConverseUser, zip(map(Text, prompts), strict=True))
        assistants = map(_ConverseAssistant, zip(map(Text, completions), strict=True))
        head = (Text(system),) if system else ()
        records = map(Converse, repeat(SCHEMA_VERSION), repeat(head), zip(users, assistants, strict=True))
    elif record_format == "anthropic":
        turns = zip(map(_AnthropicUser, prompts), map(_AnthropicAssistant, completions), strict=True)
        records = map(Anthropic, repeat(system), turns)
    else:
        records = map(PromptCompletion, [with_system(prompt, system) for prompt in prompts], completions)
    return encoded(list(records))
