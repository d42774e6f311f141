"""Reads one message of a chat transcript: speaker, text, and what is not a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuner.catalog.models import RecordFormat
from tuner.datasets.field_and_role_names import (
    ANSWERS,
    CONTENTS,
    QUESTIONS,
    ROLES,
    Fields,
    Kind,
    content_name,
    find_known,
    has_content,
    kind_of,
    role_of,
)
from tuner.datasets.findings import Issue
from tuner.datasets.records.framework_messages import TOOL_MEMBERS, plain_message
from tuner.datasets.records.record import Turn
from tuner.datasets.records.schemas.record_selection import turn_decides, turn_decision

# Members of messages and blocks that are not texts, and what they are. A member that is in no list is left out.
_MEDIA = {
    **dict.fromkeys(("image", "image_url", "images", "input_image", "inline_data", "inlineData"), "an image"),
    **dict.fromkeys(("audio", "input_audio"), "audio"),
    **dict.fromkeys(("video", "videos"), "a video"),
    **dict.fromkeys(("document", "file", "file_data", "fileData", "cachePoint"), "a file"),
    **dict.fromkeys(("reasoningContent", "thinking", "redacted_thinking", "reasoning_content", "thought"), "reasoning"),
}


def turn_of(message: Any, field: str, native: RecordFormat | None) -> Turn | tuple[Issue, ...]:
    """The message as a turn, or its issues.

    Other names of members and speakers are accepted too, but not in a file of a Bedrock format.
    """
    if not isinstance(message, Mapping):
        return (Issue("field-type", "must be an object with a role and a content.", "Correct the message.", field),)
    role, content = role_of(message, native), content_name(message, native)
    if found := not_only_text(message):
        return (_refused(found, field),)
    if role is None or content is None:
        missing = "role" if role is None else "content"
        return (Issue("missing-field", f"the message has no {missing}.", "Add it.", f"{field}.{missing}"),)
    if issues := turn_decisions(message, field, content):
        return issues
    text = joined(message[content], native)
    where = f"{field}.{content}"
    if text is None:
        return (Issue("field-type", expected(native), "Write the content in this form.", where),)
    return Turn(role, text, where)


def turn_decisions(message: Fields, field: str, content: str | None) -> tuple[Issue, ...]:
    """Why a message of the assistant is not learnt, or why that cannot be decided. `content` is what it says."""
    if role_of(message) != "assistant":
        return ()
    decisions = (turn_decision(f"{field}.{name}", name, value) for name, value in message.items() if name != content)
    return tuple(issue for issue in decisions if issue)


def is_message(value: Any) -> bool:
    """Whether a value looks like a message of a transcript."""
    return isinstance(value, Mapping) and role_of(plain_message(value)) is not None


def is_pair(value: Any) -> bool:
    """Whether an entry of a transcript is a question with its answer: `{"input": "...", "output": "..."}`."""
    return pair_names(value) is not None


def pair_names(value: Any) -> tuple[str, str] | None:
    """The members of such an entry. None if it has others that may change what it says."""
    if not isinstance(value, Mapping) or value.keys() & {*ROLES, *CONTENTS}:
        return None
    names = list(value)
    asked, answered = find_known(QUESTIONS, names), find_known(ANSWERS, names)
    if asked is None or answered is None or not (isinstance(value[asked], str) and isinstance(value[answered], str)):
        return None
    others = (kind_of(name) for name in names if name not in (asked, answered) and has_content(value[name]))
    return (asked, answered) if all(kind in (Kind.SYSTEM, Kind.DESCRIPTION) for kind in others) else None


def turns_of_pair(value: Fields, field: str) -> Iterator[Turn]:
    """The turns of a question with its answer, after the system prompt that is beside them."""
    asked, answered = pair_names(value) or ("", "")
    for name, text in value.items():
        if kind_of(name) is Kind.SYSTEM and name not in (asked, answered) and has_content(text):
            yield Turn("system", str(text), f"{field}.{name}")
    yield Turn("user", str(value[asked]), f"{field}.{asked}")
    yield Turn("assistant", str(value[answered]), f"{field}.{answered}")


def may_be_messages(values: list[Any]) -> bool:
    """Whether a list may hold messages: an entry has a speaker or a content, or the list says nothing."""
    entries = [plain_message(value) for value in values if isinstance(value, Mapping)]
    return not entries or any(entry.keys() & {*ROLES, *CONTENTS} for entry in entries)


def uses_tools(message: Any) -> bool:
    """Whether a message calls a tool or has the result of a call."""
    return isinstance(message, Mapping) and not_only_text(message) == "a tool call"


def not_only_text(message: Fields) -> str | None:
    """What a message has beside texts; None if it has only texts."""
    if role_of(message) == "tool":
        return "a tool call"
    for part in _parts(message):
        if any(has_content(part.get(name)) for name in TOOL_MEMBERS) or part.get("type") in TOOL_MEMBERS:
            return "a tool call"
    return media_in(message)


def media_in(message: Fields) -> str | None:
    """What a message has beside texts and tool calls; None if it has nothing else."""
    for part in _parts(message):
        for name, what in _MEDIA.items():
            # Vertex AI marks a part as `thought: true` or `false`.
            if (has_content(part.get(name)) and part[name] is not False) or part.get("type") == name:
                return what
    return None


def _parts(message: Fields) -> list[Fields]:
    """The message, and the blocks of its content."""
    content = next((message[name] for name in CONTENTS if name in message), None)
    blocks = content if isinstance(content, list) else ()
    return [message, *(block for block in blocks if isinstance(block, Mapping))]


def member_kind(message: Fields, member: str) -> Kind:
    """What a member beside speaker and content is for. Media are described: `turn_of` refuses them already."""
    kind = kind_of(member)
    if member in TOOL_MEMBERS:
        return Kind.TOOLS
    if role_of(message) == "assistant" and turn_decides(member, message[member]):
        return Kind.TURN
    return Kind.DESCRIPTION if kind is Kind.DESCRIPTION or member in _MEDIA else Kind.UNKNOWN


def _refused(found: str, field: str) -> Issue:
    """The issue of a message that has more than texts, by what `not_only_text` found."""
    if found == "a tool call":
        message = "the message calls a tool or has a tool's result; only texts can be used for training here."
        remedy = "Remove the record, or write it in Converse's format for a model that is tuned on tool use."
        return Issue("tool-use", message, remedy, field)
    return media_issue(found, field)


def media_issue(found: str, field: str) -> Issue:
    """The issue of a message with an image or the like, by what `media_in` found."""
    message = f"the message has {found}; models are tuned on texts here."
    return Issue("media", message, "Remove the record, or write what matters as text.", field)


def expected(native: RecordFormat | None) -> str:
    """What a content must be, in words."""
    blocks = "a list of blocks with one 'text' each."
    return f"must be {blocks}" if native == "converse" else f"must be a text, or {blocks}"


def joined(content: Any, native: RecordFormat | None) -> str | None:
    """The text of a content; None if it has anything else, or in Converse's format a text outside of a block."""
    if isinstance(content, str):
        return None if native == "converse" else content
    if not isinstance(content, list):
        return None
    texts = list(_block_texts(content, native))
    return None if any(text is None for text in texts) else "\n".join(text for text in texts if text is not None)


def _block_texts(content: list[Any], native: RecordFormat | None) -> Iterator[str | None]:
    for block in content:
        if isinstance(block, str) and not native:
            yield block
        else:
            text = block.get("text") if isinstance(block, Mapping) else None
            yield text if isinstance(text, str) else None
