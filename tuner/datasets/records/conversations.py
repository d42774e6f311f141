"""Reads chat transcripts: Claude's `system`/`messages`, Converse's `bedrock-conversation-2024`, and common variants.

A message is an object with a speaker (`role` or `from`) and a content (`content` or `value`): a text, or a list of
blocks with one `text` each. If the first message has the speaker `system`, it is the record's system prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.catalog.models import RecordFormat
from tuner.datasets.findings import Issue
from tuner.datasets.records.record import Record, Turn

# Names of speakers in published datasets.
_SPEAKERS = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant"}
# Members of a block that is not only text. They are refused, because this project tunes on texts; members that are in
# neither list are ignored.
_MEDIA = ("image", "video", "document", "source", "image_url", "toolUse", "toolResult", "tool_use", "tool_result")


@dataclass(frozen=True, slots=True)
class ConversationSchema:
    """A list of messages. `messages` is the name of its field, `native` the Bedrock format of the file, if any."""

    messages: str
    native: RecordFormat | None = None

    @property
    def fields(self) -> dict[str, str]:
        """Which field is used as what, for the summary."""
        return {"messages": self.messages}

    def record(self, row: Mapping[str, Any], line: int) -> Record | tuple[Issue, ...]:
        """The row as a record, or its issues."""
        messages = row.get(self.messages)
        if not isinstance(messages, list):
            problem = "is missing." if messages is None else "must be a list of messages."
            rule = "missing-field" if messages is None else "field-type"
            return (Issue(rule, problem, "Add the conversation, or remove the record.", self.messages),)
        system, issues = _system(row, self.native)
        turns: list[Turn] = []
        for number, message in enumerate(messages):
            turn = _turn(message, f"{self.messages}[{number}]", self.native)
            if isinstance(turn, Issue):
                issues.append(turn)
            elif turn.speaker == "system" and number == 0 and system is None and not self.native:
                system = turn.text
            else:
                turns.append(turn)
        return tuple(issues) or Record(line, tuple(turns), system)


def native_format(row: Mapping[str, Any]) -> RecordFormat | None:
    """The Bedrock format of a row with `messages`, judged by its first message; None for other transcripts."""
    messages = row.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, Mapping) or first.get("role") != "user":
        return None
    blocks = first.get("content")
    if not isinstance(blocks, list):
        return "anthropic"
    # Blocks with a `type` belong to the Messages API, which is not a format for training data.
    return None if any(isinstance(block, Mapping) and "type" in block for block in blocks) else "converse"


def _system(row: Mapping[str, Any], native: RecordFormat | None) -> tuple[str | None, list[Issue]]:
    value = row.get("system")
    issues = []
    schema = row.get("schemaVersion")
    if native == "converse" and schema is not None and not isinstance(schema, str):
        issues.append(Issue("field-type", "must be a text.", 'Write "bedrock-conversation-2024".', "schemaVersion"))
    if value is None:
        return None, issues
    text = _joined(value, native)
    if text is None:
        issues.append(Issue("field-type", _expected(native), "Write the system prompt in this form.", "system"))
    return text or None, issues


def _turn(message: Any, field: str, native: RecordFormat | None) -> Turn | Issue:
    """Other names of members and speakers are accepted too, but not in a file of a Bedrock format."""
    if not isinstance(message, Mapping):
        return Issue("field-type", "must be an object with a role and a content.", "Correct the message.", field)
    speaker = next((message[name] for name in ("role", "from")[: 1 if native else 2] if name in message), None)
    content_name = next((name for name in ("content", "value")[: 1 if native else 2] if name in message), None)
    if not isinstance(speaker, str) or content_name is None:
        missing = "role" if not isinstance(speaker, str) else "content"
        return Issue("missing-field", f"the message has no {missing}.", "Add it.", f"{field}.{missing}")
    text = _joined(message[content_name], native)
    where = f"{field}.{content_name}"
    if text is None:
        return Issue("field-type", _expected(native), "Write the content in this form.", where)
    return Turn(speaker if native else _SPEAKERS.get(speaker, speaker), text, where)


def _expected(native: RecordFormat | None) -> str:
    blocks = "a list of blocks with one 'text' each."
    return f"must be {blocks}" if native == "converse" else f"must be a text, or {blocks}"


def _joined(content: Any, native: RecordFormat | None) -> str | None:
    """The text of a content; None if it has anything else, or in Converse's format a text outside of a block."""
    if isinstance(content, str):
        return None if native == "converse" else content
    if not isinstance(content, list):
        return None
    texts = list(_block_texts(content))
    return None if any(text is None for text in texts) else "\n".join(text for text in texts if text is not None)


def _block_texts(content: list[Any]) -> Iterator[str | None]:
    for block in content:
        known = block if isinstance(block, Mapping) else {}
        text = known.get("text")
        yield text if isinstance(text, str) and all(known.get(name) is None for name in _MEDIA) else None
