"""Reads chat transcripts: Claude's `system`/`messages`, Converse's `bedrock-conversation-2024`, and common variants.

A message is an object with a speaker (`role` or `from`) and a content (`content`, `value` or Vertex AI's `parts`). The
content is a text, or a list of blocks with one `text` each. An entry may also be a question with its answer. Messages
of the system before the first turn are the system prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tuner.catalog.models import RecordFormat
from tuner.datasets.field_and_role_names import (
    CONTENTS,
    MISSING,
    QUESTIONS,
    ROLES,
    Fields,
    Kind,
    content_name,
    find,
    has_content,
    kind_of,
    normal,
    role_of,
)
from tuner.datasets.findings import Issue
from tuner.datasets.records.framework_messages import plain_message
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.records.schemas.context_fields import (
    ContextFields,
    Other,
    Others,
    context_fields,
    other_fields,
    parsed_cell,
    tool_fields,
)
from tuner.datasets.records.schemas.messages import (
    expected,
    is_pair,
    joined,
    member_kind,
    pair_names,
    turn_of,
    turns_of_pair,
    uses_tools,
)
from tuner.datasets.records.schemas.tool_use import tool_conversation

GUESSED_SPEAKERS = "guessed-speakers"
_QUESTIONS = frozenset(map(normal, QUESTIONS))
_WITH_NAME = re.compile(r"\s*[\w .'-]{1,30}:\s")
# The members of a message that are read, or whose content is refused.
_READ = (*ROLES, *CONTENTS)


def _read(message: Fields) -> tuple[str, ...]:
    """The members of an entry that are turns, or whose content is refused."""
    if names := pair_names(message):
        return (*names, *(name for name in message if kind_of(name) is Kind.SYSTEM))
    return _READ


@dataclass(frozen=True, slots=True)
class ConversationSchema:
    """Messages in one field, or in several that follow each other, as TRL's `prompt` and `completion`.

    `native` is the Bedrock format of the file, if any. With `alternating`, the messages are texts without speakers: the
    first is the user's, the second the assistant's, and so on.
    """

    messages: tuple[str, ...]
    native: RecordFormat | None = None
    ignored: tuple[str, ...] = ()
    alternating: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """Which field is used as what, for the summary."""
        return {"messages": ", ".join(self.messages)}

    @property
    def guessed(self) -> tuple[Issue, ...]:
        """A warning about speakers that are only guessed."""
        if not self.alternating:
            return ()
        message = "is a list of texts without speakers: they are taken for the user's and the assistant's in turn."
        remedy = "Nothing to do if that is right. Else write the texts as 'messages' with a role and a content."
        return (Issue(GUESSED_SPEAKERS, message, remedy, self.messages[0], "warning"),)

    def others(self, row: Fields) -> dict[str, Other]:
        """The row's other fields, and what they are for; then the other members of its messages."""
        found = other_fields(row, self.messages, (*self.ignored, *self.repeated(row)))
        for name in self.messages:
            value = parsed_cell(find(row, name))
            value = map(plain_message, value) if isinstance(value, list) else ()
            messages = [each for each in value if isinstance(each, Mapping)]
            found |= {
                f"{name}[].{member}": self._member(message, f"{name}[].{member}", member)
                for message in messages
                for member, content in message.items()
                if member not in _read(message) and has_content(content)
            }
        return found

    def repeated(self, row: Fields) -> list[str]:
        """Questions that repeat the first message of the user, as UltraChat's `prompt` does beside `messages`."""
        questions = {name: row[name] for name in row if normal(name) in _QUESTIONS}
        messages = self._messages(row) if questions else []
        found = [message for _, message in messages] if isinstance(messages, list) else []
        asked = next((each for each in found if isinstance(each, Mapping) and role_of(each) == "user"), {})
        content = content_name(asked)
        text = (joined(asked[content], None) or "").strip() if content else None
        return [name for name, value in questions.items() if isinstance(value, str) and value.strip() == text]

    def _member(self, message: Fields, name: str, member: str) -> Other:
        kind = Kind.DESCRIPTION if name in self.ignored else member_kind(message, member)
        return Other(kind, message[member])

    def record(self, row: Fields, line: int, others: Others) -> Record | tuple[Issue, ...]:
        """The row as a record, or its issues. `others` are the row's other fields."""
        messages = self._messages(row)
        if isinstance(messages, Issue):
            return (messages,)
        system, issues = self._system(row, others)
        with_tools = tool_fields(others) or any(uses_tools(message) for _, message in messages)
        beside = (Kind.SYSTEM, Kind.TOOLS) if with_tools else (Kind.SYSTEM,)
        added = context_fields({name: other for name, other in others.items() if other.kind not in beside})
        if not isinstance(added, ContextFields):
            issues += added
        elif with_tools:
            return tuple(issues) or tool_conversation(row, messages, line, system, added)
        turns: list[Turn] = []
        for field, message in messages:
            turn = message if isinstance(message, Turn) else turn_of(message, field, self.native)
            if not isinstance(turn, Turn):
                issues += turn
            elif turn.speaker == "system" and not turns and self.native != "converse":
                system = turn.text if system is None else f"{system}\n\n{turn.text}"
            else:
                turns.append(turn)
        return tuple(issues) or Record(line, _with(turns, added), system or None, references=self._answers(row)[1:])

    def _answers(self, row: Fields) -> tuple[str, ...]:
        """The right answers of a record that has several as texts beside its messages: `ideal` of OpenAI's evals."""
        value = parsed_cell(find(row, self.messages[-1])) if len(self.messages) > 1 else None
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(dict.fromkeys(value))
        return ()

    def _messages(self, row: Fields) -> list[tuple[str, Any]] | Issue:
        """Every message with the name of its place."""
        found: list[tuple[str, Any]] = []
        for name in self.messages:
            value = parsed_cell(find(row, name))
            if isinstance(value, Mapping):
                value = [value]
            if isinstance(value, list):
                value = list(map(plain_message, value))
            if name == self.messages[-1] and (answers := self._answers(row)):
                value = answers[0]
            if isinstance(value, str) and len(self.messages) > 1:
                value = [{"role": "assistant" if found else "user", "content": value}]
            if not isinstance(value, list):
                return _no_list(name, value)
            if self.alternating:
                value = [_with_speaker(number, text) for number, text in enumerate(value)]
            if [message for _, message in found] == value[: len(found)]:
                found = []  # the answer repeats the question, as in preference data
            for number, message in enumerate(map(partial(self._without_ignored, name), value)):
                field = f"{name}[{number}]"
                found += (
                    [(field, turn) for turn in turns_of_pair(message, field)]
                    if is_pair(message)
                    else [(field, message)]
                )
        return found

    def _without_ignored(self, name: str, message: Any) -> Any:
        """A message of the field `name` without the members that the settings ignore: `messages[].weight`."""
        if not self.ignored or not isinstance(message, Mapping):
            return message
        return {member: value for member, value in message.items() if f"{name}[].{member}" not in self.ignored}

    def _system(self, row: Fields, others: Mapping[str, Other]) -> tuple[str | None, list[Issue]]:
        issues = []
        schema = row.get("schemaVersion")
        if self.native == "converse" and schema is not None and not isinstance(schema, str):
            issues.append(Issue("field-type", "must be a text.", 'Write "bedrock-conversation-2024".', "schemaVersion"))
        texts = []
        for name, (kind, value) in others.items():
            if kind is not Kind.SYSTEM or value is None:
                continue
            inner = content_name(value) if isinstance(value, Mapping) else None
            text = joined(value[inner] if inner else value, self.native)
            if text is None:
                issues.append(Issue("field-type", expected(self.native), "Write the system prompt in this form.", name))
            texts += [text] if text else []
        return "\n\n".join(texts) or None, issues


def _with_speaker(number: int, text: Any) -> Any:
    """The text as a message of the user or of the assistant, by its place in the list. Anything else as it is."""
    return {"role": "assistant" if number % 2 else "user", "content": text} if isinstance(text, str) else text


def are_alternating_texts(value: Any) -> bool:
    """Whether a list may be a conversation without speakers. Texts that begin with a name have them: `Ann: Hello.`"""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(text, str) for text in value):
        return False
    return not all(map(_WITH_NAME.match, value))


def _with(turns: list[Turn], added: ContextFields | tuple[Issue, ...]) -> tuple[Turn, ...]:
    """The turns, with what belongs to the first question."""
    if not isinstance(added, ContextFields) or not turns:
        return tuple(turns)
    return (*added.earlier, replace(turns[0], text=added.question(turns[0].text)), *turns[1:])


def _no_list(name: str, value: Any) -> Issue:
    if value is MISSING or value is None:
        return Issue("missing-field", "is missing.", "Add the conversation, or remove the record.", name)
    message = "must be a list of messages."
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            json.loads(value)
        except (ValueError, RecursionError) as error:
            python = "'role'" in value or "'from'" in value
            why = "it is Python's notation, with single quotes" if python else str(error).partition(":")[0]
            message = f"must be a list of messages in JSON, but cannot be read: {why}."
    return Issue("field-type", message, "Write the conversation as JSON (in Python: json.dumps).", name)


def native_format(row: Fields) -> RecordFormat | None:
    """The Bedrock format of a row with `messages`, judged by its first message; None for other transcripts."""
    messages = row.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, Mapping) or first.get("role") != "user" or plain_message(first) is not first:
        return None
    if "content" not in first and content_name(first):
        return None
    blocks = first.get("content")
    if not isinstance(blocks, list):
        return "anthropic" if isinstance(blocks, str) or blocks is None else None
    # Blocks with a `type` belong to the Messages API, which is not a format for training data.
    return None if any(isinstance(block, Mapping) and "type" in block for block in blocks) else "converse"
