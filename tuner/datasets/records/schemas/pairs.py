"""Reads records with a question and an answer in two fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.catalog.models import RecordFormat
from tuner.datasets.findings import Issue
from tuner.datasets.reading.rows import Fields
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.records.schemas.beside import Beside, Other, Others, beside, other_fields
from tuner.datasets.records.schemas.field_names import MISSING, find, leaf_names, normal


@dataclass(frozen=True, slots=True)
class PairSchema:
    """A question and its answer. Other fields are taken for what their names say, in every record (`beside`)."""

    prompt: str
    completion: str
    ignored: tuple[str, ...] = ()

    @property
    def native(self) -> RecordFormat | None:
        """The Bedrock format that the file has, if any."""
        return "prompt_completion" if (self.prompt, self.completion) == ("prompt", "completion") else None

    @property
    def fields(self) -> dict[str, str]:
        """Which field is used as what, for the summary."""
        return {"prompt": self.prompt, "completion": self.completion}

    def others(self, row: Fields) -> dict[str, Other]:
        """The row's other fields, and what they are for."""
        # Beside a chosen answer, `rejected` is the other answer, also if that is a short one such as "Yes".
        answers = [name for name in row if normal(name) == "rejected"] if normal(self.completion) == "chosen" else []
        return other_fields(row, (self.prompt, self.completion), (*self.ignored, *answers))

    def record(self, row: Fields, line: int, others: Others) -> Record | tuple[Issue, ...]:
        """The row as a record, or its issues. `others` are the row's other fields."""
        added, answers = beside(others), _answers(row, self.completion)
        issues = tuple(_not_a_text(row, self.prompt))
        issues += (answers,) if isinstance(answers, Issue) else ()
        if issues or isinstance(answers, Issue) or not isinstance(added, Beside):
            return issues if isinstance(added, Beside) else issues + added
        question = Turn("user", added.question(find(row, self.prompt)), self.prompt)
        turns = (*added.earlier, question, Turn("assistant", answers[0], self.completion))
        return Record(line, turns, added.system, references=answers[1:])


def _answers(row: Fields, name: str) -> tuple[str, ...] | Issue:
    """The answer, and others that are right too."""
    value = find(row, name)
    found = answers_of(value)
    if found is not None:
        empty = Issue("empty-text", "has no answer.", "Write an answer, or remove the record.", name)
        return found or empty
    return next(_not_a_text(row, name), None) or (str(value),)


def answers_of(value: object) -> tuple[str, ...] | None:
    """The texts of a list of answers, or of SQuAD's `{"text": [...]}`; another object as JSON; else None."""
    if isinstance(value, Mapping) and "text" not in value:
        return (json.dumps(value, ensure_ascii=False),)
    if isinstance(value, Mapping):
        value = value["text"]
    if not isinstance(value, list):
        return None
    texts = [entry.get("text") if isinstance(entry, Mapping) else entry for entry in value]
    return tuple(dict.fromkeys(map(str, texts))) if all(isinstance(text, str) for text in texts) else None


def _not_a_text(row: Fields, name: str) -> Iterator[Issue]:
    value = find(row, name)
    if value is MISSING:
        has = ", ".join(f"'{known}'" for known in list(leaf_names(row))[:6]) or "no field"
        yield Issue("missing-field", f"is missing (the record has {has}).", "Add it, or remove the record.", name)
    elif value is None:
        yield Issue("empty-text", "is null.", "Write a text, or remove the record.", name)
    elif not isinstance(value, str):
        yield Issue("field-type", f"must be a text, not {json_type(value)}.", "Write it between quotes.", name)


def json_type(value: Any) -> str:
    """The type of a JSON value, in words."""
    if value is None:
        return "null"
    names = {bool: "true or false", str: "a text", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object")
