"""Reads the answer of a record: a text, a label, the number of a choice, several answers, or an object as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.core.wording import json_type, plural
from tuner.datasets.field_and_role_names import LABELS, MISSING, Fields, Kind, find, kind_of, leaf_names, normal
from tuner.datasets.findings import Issue
from tuner.datasets.records.exported_answers import exported_answers
from tuner.datasets.records.schemas.record_selection import left_out, number_of, speaks_against

# The member of an answer that holds its text, and members that only describe it. With other members, a list of objects
# may be one answer, such as the entities of a text.
_TEXTS = ("text", "answer", "body", "content", "response", "completion", "output")
_ABOUT = frozenset((
    "id", "a_id", "answer_id", "answer_start", "answer_end", "author", "user", "user_id", "language", "lang", "url",
    "link", "source", "date", "created", "created_at", "timestamp", "answer_category",
    "tokens", "model", "principle", "critique", "annotations", "custom_system_prompt", "fine_grained_score",
))  # fmt: skip
_SEVERAL = 'Write several right answers as texts, ["...", "..."], and one answer that is a list as a text.'
_BEST = "Nothing to do if that is right; else keep the right answers only."


@dataclass(frozen=True, slots=True)
class FoundAnswers:
    """The answers of a record: the first is learnt, and the others are right too. `warnings` say what was decided."""

    texts: tuple[str, ...]
    warnings: tuple[Issue, ...] = ()


Choices = Sequence[tuple[str, str]]
"""Label and text of each choice. The labels are empty if the choices are one text."""


def answers_in(
    row: Fields, name: str, choices: Choices = (), grades: Sequence[Any] | None = None, first_choice: int = 0
) -> FoundAnswers | Issue:
    """The answers in the field `name`. `grades` has a grade for each answer of a list, if another field has them.

    `first_choice` is the number of the first choice.
    """
    value = find(row, name)
    if (exported := exported_answers(row, name)) is not None:
        return exported if isinstance(exported, Issue) else FoundAnswers(exported)
    if choices and choices[0][0] and (chosen := _choice(value, choices, name, first_choice)):
        return chosen
    if normal(name) in LABELS and (label := label_of(value, name)):
        return label
    if isinstance(value, Mapping | list):
        return _several(value, name, grades)
    return not_a_text(row, name) or FoundAnswers((str(value),))


def answers_of(value: object) -> tuple[str, ...] | None:
    """The texts of a list of answers, or of SQuAD's `{"text": [...]}`; an object as JSON; None for anything else."""
    found = _several(value, "answer", None) if isinstance(value, Mapping | list) else None
    if isinstance(found, Issue):
        return () if found.rule == "empty-text" else None
    return found.texts if found else None


def label_of(value: Any, name: str) -> FoundAnswers | Issue | None:
    """A label that is a number or true or false, as its text in JSON: `3`, `true`. None for what is no label.

    Label Studio writes several labels as `{"choices": [...]}`.
    """
    if isinstance(value, Mapping) and value.keys() == {"choices"}:
        value = value["choices"]
    if isinstance(value, list) and len(value) > 1:
        message = f"has {len(value)} labels, and a record of a classification has one."
        return Issue("field-type", message, "Keep one label. To learn them all, write them as one text.", name)
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, float) and value.is_integer():  # pandas writes 3.0 where a value of the column is missing
        value = int(value)
    if isinstance(value, bool | int):
        return FoundAnswers((json.dumps(value),))
    return FoundAnswers((value,)) if isinstance(value, str) else None


def _choice(value: Any, choices: Choices, name: str, first: int) -> FoundAnswers | Issue | None:
    """The choice that a number names, counted from `first`. None for a label, the text of a choice, and other texts.

    A file that counts choices from 1 is noticed where the last choice is right: its number is too large.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    if not text.removeprefix("-").isdecimal() or text in (label for label, _ in choices):
        return None
    last = first + len(choices) - 1
    if text in (own for _, own in choices):
        if isinstance(value, str) or not first <= value <= last or choices[value - first][1] == text:
            return FoundAnswers((text,))
        message = f"is {text}: it is unclear whether it is the choice '{text}' or its number."
        return Issue("choice-number", message, "Write the answer as a text.", name)
    if not first <= int(text) <= last:
        message = f"is {text[:20]}, and the choices have the numbers {first} to {last}."
        remedy = f"Write the letter of the right choice ({choices[0][0]} to {choices[-1][0]}), or count from {first}."
        return Issue("choice-number", message, remedy, name)
    label = choices[int(text) - first][0]
    message = (
        f"is {text} and is read as the choice {label}, also in other records: numbers of choices count from {first}."
    )
    remedy = "Nothing to do if that is right; else write the letters of the choices."
    return FoundAnswers((label,), (Issue("choice-number", message, remedy, name, "warning"),))


def _several(value: Fields | list[Any], name: str, grades: Sequence[Any] | None) -> FoundAnswers | Issue:
    entries = _entries(value)
    if isinstance(entries, Mapping):
        return FoundAnswers((json.dumps(entries, ensure_ascii=False),))
    if not entries:
        return Issue("empty-text", "has no answer.", "Write an answer, or remove the record.", name)
    if all(isinstance(entry, str) for entry in entries):
        if grades is not None and len(grades) == len(entries):
            entries = [{"text": text, "grade": grade} for text, grade in zip(entries, grades, strict=True)]
            return _best(entries, name)
        return FoundAnswers(tuple(dict.fromkeys(map(str, entries))))
    if all(isinstance(entry, Mapping) for entry in entries):
        if all(map(_is_answer, entries)):
            return _best(entries, name)
        if isinstance(value, list) and not any(map(_text, entries)):
            return FoundAnswers((json.dumps(value, ensure_ascii=False),))
    if isinstance(value, Mapping):
        message = "is an object with a 'text' and more: it is unclear whether the text is the answer, or all of it."
        return Issue("field-type", message, "Write the answer as a text.", name)
    return Issue("field-type", "is a list that may be several answers or one.", _SEVERAL, name)


def _entries(value: Fields | list[Any]) -> Fields | list[Any]:
    """The answers of a list, or of an object with a list for each member: `{"text": [...], "score": [...]}`."""
    if not isinstance(value, Mapping) or "text" not in value:
        return value
    texts = value["text"]
    if not isinstance(texts, list):
        return [value]
    columns = {name: each for name, each in value.items() if isinstance(each, list) and len(each) == len(texts)}
    return [{name: each[at] for name, each in columns.items()} for at in range(len(texts))]


def _text(entry: Fields) -> str | None:
    """The name of the member that holds the text of an answer."""
    names = (*_TEXTS, "value") if "status" in entry else _TEXTS  # Argilla's responses have a value and a status
    members = {
        normal(name): name for name in reversed(list(entry)) if isinstance(entry[name], str)
    }  # Stack Exchange: `Body`
    return next((members[name] for name in names if name in members), None)


def _is_answer(entry: Fields) -> bool:
    text = _text(entry)
    return text is not None and all(
        name == text
        or normal(name) in _ABOUT
        or _grade(name, value) is not None
        or speaks_against(name, value) in (0, 1)
        for name, value in entry.items()
    )


def _grade(name: str, value: Any) -> float | None:
    return number_of(value) if kind_of(name) is Kind.GRADE else None


def _best(entries: list[Any], name: str) -> FoundAnswers | Issue:
    """The answers with the highest grade. An answer that has a flag which rejects it is left out."""
    answers = plural(len(entries), "answer")
    kept = [entry for entry in entries if not any(speaks_against(*member) for member in entry.items())]
    if not kept:
        return left_out(name, f"has {answers}, and {'it is' if len(entries) == 1 else 'all are'} rejected.")
    graded = (member for entry in kept for member, value in entry.items() if _grade(member, value) is not None)
    by_grade = next(graded, None)
    grades = [number_of(entry.get(by_grade)) if by_grade else None for entry in kept]
    known = [grade for grade in grades if grade is not None]
    best = max(known, default=None)
    if best is not None and best <= 0:
        return left_out(name, f"has {answers}, and the highest '{by_grade}' is {best:g}.")
    used = [entry for entry, grade in zip(kept, grades, strict=True) if grade == best]
    texts = tuple(dict.fromkeys(str(entry[_text(entry)]) for entry in used))
    if len(used) == len(entries):
        return FoundAnswers(texts)
    why = f"with the highest '{by_grade}' ({best:g})" if best is not None else "that no member speaks against"
    left = len(entries) - len(used)
    message = f"has {answers}: {len(used)} {why} {'is' if len(used) == 1 else 'are'} used, {left} left out."
    return FoundAnswers(texts, (Issue("several-answers", message, _BEST, name, "warning"),))


def not_a_text(row: Fields, name: str) -> Issue | None:
    """Why a field is no text; None if it is one."""
    value = find(row, name)
    if value is MISSING:
        has = ", ".join(f"'{known}'" for known in list(leaf_names(row))[:6]) or "no field"
        return Issue("missing-field", f"is missing (the record has {has}).", "Add it, or remove the record.", name)
    if value is None:
        return Issue("empty-text", "is null.", "Write a text, or remove the record.", name)
    if not isinstance(value, str):
        remedy = "Write one text." if isinstance(value, list | Mapping) else "Write it between quotes."
        return Issue("field-type", f"must be a text, not {json_type(value)}.", remedy, name)
    return None
