"""Detects the schema of a file from its first row, and turns rows into records.

PairSchema           a question and an answer under any of the names below, also nested ones (`data.question`)
ConversationSchema   `messages` or `conversations`: Claude's, Converse's and other chat transcripts
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.catalog.models import RecordFormat
from tuner.datasets.findings import Issue
from tuner.datasets.records.conversations import ConversationSchema, native_format
from tuner.datasets.records.record import Record, Turn
from tuner.settings import FieldNames

# Names of fields in lower case. If a row has several of them, the earliest in the list is used.
PROMPTS = ("question", "prompt", "instruction", "query", "sentence1", "input", "user", "problem", "source", "q")
COMPLETIONS = (
    "answer", "completion", "output", "response", "sentence2", "assistant", "solution", "target", "reference", "a"
)  # fmt: skip
CONTEXTS = ("context", "input")
SYSTEMS = ("system", "system_prompt")
TRANSCRIPTS = ("messages", "conversations", "conversation")

# What `find` returns for a field that is not there: None is a valid JSON value.
MISSING = object()
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class PairSchema:
    """A question and its answer in two fields. A `context` (as in the Dolly dataset) is appended to the question."""

    prompt: str
    completion: str
    context: str | None = None
    system: str | None = None

    @property
    def native(self) -> RecordFormat | None:
        """The Bedrock format that the file has, if any."""
        return "prompt_completion" if (self.prompt, self.completion) == ("prompt", "completion") else None

    @property
    def fields(self) -> dict[str, str]:
        """Which field is used as what, for the summary."""
        found = {"prompt": self.prompt, "completion": self.completion, "context": self.context, "system": self.system}
        return {use: name for use, name in found.items() if name}

    def record(self, row: Mapping[str, Any], line: int) -> Record | tuple[Issue, ...]:
        """The row as a record, or its issues."""
        issues = tuple(issue for name in (self.prompt, self.completion) for issue in _not_a_text(row, name))
        issues += tuple(issue for name in (self.context, self.system) if name for issue in _optional_text(row, name))
        if issues:
            return issues
        prompt = find(row, self.prompt)
        if self.context and (context := _text(row, self.context)):
            prompt = f"{prompt}\n\n{context}"
        turns = (
            Turn("user", prompt, self.prompt),
            Turn("assistant", find(row, self.completion), self.completion),
        )
        return Record(line, turns, _text(row, self.system) if self.system else None)


Schema = PairSchema | ConversationSchema


def detect_schema(row: Mapping[str, Any], fields: FieldNames) -> Schema | Issue:
    """The schema of a file by its first row. Field names of the settings take precedence over detected ones."""
    names = list(_names(row))
    if not (fields.prompt or fields.completion):
        transcript = _find_known(TRANSCRIPTS, names)
        if transcript and isinstance(find(row, transcript), list):
            return ConversationSchema(transcript, native_format(row))
    prompt = fields.prompt or _find_known(PROMPTS, names)
    completion = fields.completion or _find_known(COMPLETIONS, [name for name in names if name != prompt])
    if prompt is None or completion is None:
        return _unrecognised(names, "question" if prompt is None else "answer")
    others = [name for name in names if name not in (prompt, completion)]
    context = _find_known(CONTEXTS, others) if prompt.rpartition(".")[2].lower() == "instruction" else None
    return PairSchema(prompt, completion, context, _find_known(SYSTEMS, others))


def _find_known(known: tuple[str, ...], names: list[str]) -> str | None:
    """The field that has the earliest of the known names as the last part of its own."""
    by_last_part = {name.rpartition(".")[2].strip().lower(): name for name in reversed(names)}
    return next((by_last_part[name] for name in known if name in by_last_part), None)


def _names(row: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Names of the row's fields: outer ones first, nested ones with dots."""
    yield from (prefix + name for name, value in row.items() if not isinstance(value, Mapping))
    if prefix.count(".") < _MAX_DEPTH:
        for name, value in row.items():
            if isinstance(value, Mapping):
                yield from _names(value, f"{prefix}{name}.")


def find(row: Mapping[str, Any], name: str) -> Any:
    """The value of a field (`data.question` is the nested one); `MISSING` when the row has no such field."""
    if name in row:
        return row[name]
    outer, dot, inner = name.partition(".")
    nested = row.get(outer) if dot else None
    return find(nested, inner) if isinstance(nested, Mapping) else MISSING


def _text(row: Mapping[str, Any], name: str) -> str | None:
    found = find(row, name)
    return found if isinstance(found, str) and found else None


def _not_a_text(row: Mapping[str, Any], name: str) -> Iterator[Issue]:
    value = find(row, name)
    if value is MISSING:
        has = ", ".join(f"'{known}'" for known in list(_names(row))[:6]) or "no field"
        yield Issue("missing-field", f"is missing (the record has {has}).", "Add it, or remove the record.", name)
    elif value is None:
        yield Issue("empty-text", "is null.", "Write a text, or remove the record.", name)
    elif not isinstance(value, str):
        yield Issue("field-type", f"must be a text, not {json_type(value)}.", "Write it between quotes.", name)


def _optional_text(row: Mapping[str, Any], name: str) -> Iterator[Issue]:
    value = find(row, name)
    if value is not MISSING and value is not None and not isinstance(value, str):
        yield Issue("field-type", f"must be a text, not {json_type(value)}.", "Write it between quotes.", name)


def _unrecognised(names: list[str], which: str) -> Issue:
    found = ", ".join(f"'{name[:60]}'" for name in names[:8]) or "none"
    known = PROMPTS if which == "question" else COMPLETIONS
    key = "fields.prompt" if which == "question" else "fields.completion"
    return Issue(
        "missing-field",
        f"no field holds the {which}: found {found}.",
        f"Name it in run.yaml ({key}), or call it one of: {', '.join(known)}.",
    )


def json_type(value: Any) -> str:
    """The type of a JSON value, in words."""
    if value is None:
        return "null"
    names = {bool: "true or false", str: "a text", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object")
