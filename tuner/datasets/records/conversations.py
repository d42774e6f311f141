"""Chat transcripts: Claude's `system`/`messages`, Converse's `bedrock-conversation-2024`, and the ones others publish.

A message is an object with a speaker (`role` or `from`) and a text (`content` or `value`): a text, or a list of blocks
with one `text` each. A first message of the speaker `system` is the record's system prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.catalog.models import RecordFormat
from tuner.datasets.findings import Flaw
from tuner.datasets.records.record import Record, Turn

_SPEAKERS = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant"}


# What a block may hold beside or instead of a text: this project tunes on texts. Other members mean nothing.
_MEDIA = ("image", "video", "document", "source", "image_url", "toolUse", "toolResult", "tool_use", "tool_result")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A list of messages in the field `messages` (whatever it is called). `native` is the Bedrock format it is in."""

    messages: str
    native: RecordFormat | None = None

    @property
    def fields(self) -> dict[str, str]:
        """Which field is what, for the summary."""
        return {"messages": self.messages}

    def record(self, row: Mapping[str, Any], line: int) -> Record | tuple[Flaw, ...]:
        """The row as a record, or every reason why it is none."""
        messages = row.get(self.messages)
        if not isinstance(messages, list):
            problem = "is missing." if messages is None else "must be a list of messages."
            rule = "missing-field" if messages is None else "field-type"
            return (Flaw(rule, problem, "Add the conversation, or remove the record.", self.messages),)
        system, flaws = _system(row, self.native)
        turns: list[Turn] = []
        for number, message in enumerate(messages):
            turn = _turn(message, f"{self.messages}[{number}]", self.native)
            if isinstance(turn, Flaw):
                flaws.append(turn)
            elif turn.speaker == "system" and number == 0 and system is None and not self.native:
                system = turn.text
            else:
                turns.append(turn)
        return tuple(flaws) or Record(line, tuple(turns), system)


def native_format(row: Mapping[str, Any]) -> RecordFormat | None:
    """Which of Bedrock's own formats a row with `messages` is in, as far as its first message shows."""
    messages = row.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, Mapping) or first.get("role") != "user":
        return None
    blocks = first.get("content")
    if not isinstance(blocks, list):
        return "anthropic"
    # Blocks that tell their type are those of the Messages API, which is not a format of training data.
    return None if any(isinstance(block, Mapping) and "type" in block for block in blocks) else "converse"


def _system(row: Mapping[str, Any], native: RecordFormat | None) -> tuple[str | None, list[Flaw]]:
    value = row.get("system")
    flaws = []
    schema = row.get("schemaVersion")
    if native == "converse" and schema is not None and not isinstance(schema, str):
        flaws.append(Flaw("field-type", "must be a text.", 'Write "bedrock-conversation-2024".', "schemaVersion"))
    if value is None:
        return None, flaws
    text = _joined(value, native)
    if text is None:
        flaws.append(Flaw("field-type", _expected(native), "Write the system prompt so.", "system"))
    return text or None, flaws


def _turn(message: Any, field: str, native: RecordFormat | None) -> Turn | Flaw:
    """Names and speakers that others use are known too, but not in a file that is in a Bedrock format already."""
    if not isinstance(message, Mapping):
        return Flaw("field-type", "must be an object with a role and a content.", "Mend the message.", field)
    speaker = next((message[name] for name in ("role", "from")[: 1 if native else 2] if name in message), None)
    content_name = next((name for name in ("content", "value")[: 1 if native else 2] if name in message), None)
    if not isinstance(speaker, str) or content_name is None:
        missing = "role" if not isinstance(speaker, str) else "content"
        return Flaw("missing-field", f"the message has no {missing}.", "Add it.", f"{field}.{missing}")
    text = _joined(message[content_name], native)
    where = f"{field}.{content_name}"
    if text is None:
        return Flaw("field-type", _expected(native), "Mend it.", where)
    return Turn(speaker if native else _SPEAKERS.get(speaker, speaker), text, where)


def _expected(native: RecordFormat | None) -> str:
    blocks = "a list of blocks with one 'text' each."
    return f"must be {blocks}" if native == "converse" else f"must be a text, or {blocks}"


def _joined(content: Any, native: RecordFormat | None) -> str | None:
    """The text of a content; None when it holds anything else, or in Converse's format a text that is in no block."""
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
