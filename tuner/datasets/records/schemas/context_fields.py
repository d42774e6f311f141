"""Fields beside question and answer that belong to the question: instruction, context, choices, history, system."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from string import ascii_uppercase
from typing import Any, NamedTuple

from tuner.datasets.field_and_role_names import (
    LABELS,
    Fields,
    Kind,
    are_numbered_choices,
    choice_columns,
    content_name,
    find,
    has_content,
    is_no_context,
    is_placeholder,
    kind_of,
    leaf_names,
    normal,
    role_of,
)
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.records.framework_messages import plain_message
from tuner.datasets.records.record import Turn

USED = (Kind.INSTRUCTION, Kind.CONTEXT, Kind.CHOICES, Kind.HISTORY, Kind.SYSTEM)
# A choice may be `None` or `?`.
_TEXTS_BESIDE = tuple(kind for kind in USED if kind is not Kind.CHOICES)
_IGNORE = f"or ignore the field: {field_setting('ignore')}."


class Other(NamedTuple):
    """A field that is neither question nor answer."""

    kind: Kind
    value: Any


Others = Mapping[str, Other]


@dataclass(frozen=True, slots=True)
class ContextFields:
    """What is added to a question: texts before and after it, the turns before it, and the system prompt."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    earlier: tuple[Turn, ...] = ()
    system: str | None = None
    # Label and text of each choice; they are in `after` too.
    choices: tuple[tuple[str, str], ...] = ()
    first_choice: int = 0
    """The number of the first choice: 1 if the columns are numbered (`option1`)."""

    def question(self, text: str) -> str:
        """The question with everything that belongs to it, separated by blank lines."""
        return "\n\n".join((*self.before, text, *self.after)) if self.before or self.after else text


def other_fields(row: Fields, taken: tuple[str, ...], ignored: tuple[str, ...]) -> dict[str, Other]:
    """The fields of a row that are not `taken`. Those that are `ignored` only describe the record."""
    names = [name for name in leaf_names(row) if name not in taken]
    kinds = {name: Kind.DESCRIPTION if name in ignored else _kind_in_row(name) for name in names}
    kinds |= dict.fromkeys(choice_columns([name for name in names if name not in ignored]), Kind.CHOICES)
    return {name: _other(name, kind, find(row, name)) for name, kind in kinds.items()}


def _other(name: str, kind: Kind, value: Any) -> Other:
    """The field with its value. `N/A` belongs to no question, and is no image.

    An input may be a word that says so in a context: `{"instruction": "Translate it.", "input": "нет"}`.
    """
    if kind is Kind.TOOLS and is_placeholder(value):
        return Other(kind, None)  # LLaMA-Factory writes the text `[]` where there are no tools
    says_nothing = is_placeholder if normal(name) == "input" else is_no_context
    missing = kind in (*_TEXTS_BESIDE, Kind.MEDIA) and says_nothing(value)
    return Other(Kind.PLACEHOLDER if missing else kind, value)


def _kind_in_row(name: str) -> Kind:
    """What a field is for. A text of an unknown name inside of a context (`context.sentences`) is a part of it."""
    kind = kind_of(name)
    if kind is not Kind.UNKNOWN or normal(name) in LABELS:
        return kind
    *outer, _ = accumulate(name.split("."), "{}.{}".format)
    return Kind.CONTEXT if any(kind_of(each) is Kind.CONTEXT for each in outer) else kind


def context_fields(others: Others) -> ContextFields | tuple[Issue, ...]:
    """What the other fields add to the question, or the issues of those that cannot be used."""
    if tools := tool_fields(others):
        return (_tools(tools[0]),)
    used = {name: other for name, other in others.items() if other.kind in USED and has_content(other.value)}
    if not used:
        return ContextFields()
    texts, issues = _texts(used)
    choices = _choices(used)
    earlier = _history(used)
    issues += [found for found in (choices, earlier) if isinstance(found, Issue)]
    if issues or isinstance(choices, Issue) or isinstance(earlier, Issue):
        return tuple(issues)
    return ContextFields(
        before=tuple(texts[Kind.INSTRUCTION]),
        after=(*texts[Kind.CONTEXT], *_as_text(choices)),
        earlier=tuple(earlier),
        system="\n\n".join(texts[Kind.SYSTEM]) or None,
        choices=tuple(choices),
        first_choice=int(are_numbered_choices([name for name, other in used.items() if other.kind is Kind.CHOICES])),
    )


def tool_fields(others: Others) -> list[str]:
    """The fields that describe tools or call them."""
    return [
        name
        for name, (kind, value) in others.items()
        if kind is Kind.TOOLS and isinstance(found := parsed_cell(value), list | dict) and found
    ]


def _tools(name: str) -> Issue:
    message = "describes or calls tools, beside a question that is not a conversation."
    return Issue("tool-use", message, f"Write the record with 'messages' in Converse's format, {_IGNORE}", name)


def _texts(used: Others) -> tuple[dict[Kind, list[str]], list[Issue]]:
    texts: dict[Kind, list[str]] = {kind: [] for kind in USED}
    issues = []
    for name, (kind, value) in used.items():
        if kind in (Kind.CHOICES, Kind.HISTORY):
            continue
        text = plain_text(value)
        if text is None:
            issues.append(_not_usable(name, kind))
        else:
            texts[kind].append(text)
    return texts, issues


def _not_usable(name: str, kind: Kind) -> Issue:
    message = f"belongs to the question as its {kind.value}, but must be a text."
    return Issue("field-type", message, f"Write it as a text, {_IGNORE}", name)


def plain_text(value: Any) -> str | None:
    """A text; several texts joined by blank lines (lists) or line breaks (objects); None for anything else."""
    if isinstance(value, str):
        return value
    entries = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(entries, list):
        return None
    texts = [plain_text(entry) for entry in entries]
    return ("\n" if isinstance(value, Mapping) else "\n\n").join(filter(None, texts)) if None not in texts else None


def parsed_cell(value: Any) -> Any:
    """A list or object that a CSV cell holds as JSON; any other value unchanged."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _choices(used: Others) -> list[tuple[str, str]] | Issue:
    """Label and text of each choice; an empty list if there are none."""
    found = {name: parsed_cell(value) for name, (kind, value) in used.items() if kind is Kind.CHOICES}
    if not found:
        return []
    labelled = _labelled(next(iter(found.values())) if len(found) == 1 else list(found.values()))
    if labelled is None:
        return _not_usable(next(iter(found)), Kind.CHOICES)
    return labelled


def _as_text(choices: list[tuple[str, str]]) -> list[str]:
    """The choices as one text with a line for each (`A. Paris`), in a list; an empty list if there are none."""
    lines = [f"{label}. {text}" if label else text for label, text in choices]
    return ["\n".join(lines)] if lines else []


def _labelled(value: Any) -> list[tuple[str, str]] | None:
    """Label and text of each choice. Choices without labels get the letters A, B, C.

    A list of texts, `{"A": "Paris"}`, `{"label": ["A"], "text": ["Paris"]}` or `[{"label": "A", "text": "Paris"}]`.
    """
    if isinstance(value, str):
        return [("", value)]
    if isinstance(value, Mapping):
        texts, labels = value.get("text"), value.get("label")
        pairs = (
            zip(labels, texts, strict=False) if isinstance(texts, list) and isinstance(labels, list) else value.items()
        )
        value = [{"label": label, "text": text} for label, text in pairs]
    if not isinstance(value, list) or len(value) > len(ascii_uppercase):
        return None
    found = [_choice(letter, choice) for letter, choice in zip(ascii_uppercase, value, strict=False)]
    return [choice for choice in found if choice] if None not in found else None


def _choice(letter: str, choice: Any) -> tuple[str, str] | None:
    label, text = (choice.get("label", letter), choice.get("text")) if isinstance(choice, Mapping) else (letter, choice)
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = json.dumps(text)
    return (str(label), text) if isinstance(text, str) else None


def _history(used: Others) -> list[Turn] | Issue:
    """Earlier turns: pairs of question and answer, or messages with `role` and `content`."""
    turns: list[Turn] = []
    for name, (kind, cell) in used.items():
        if kind is not Kind.HISTORY:
            continue
        value = parsed_cell(cell)
        for entry in value if isinstance(value, list) else [None]:
            found = list(_earlier(entry, name))
            if not found:
                message = "has the earlier turns in a form that is not known."
                remedy = 'Write [["question", "answer"], ...], or the whole conversation in "messages".'
                return Issue("field-type", message, remedy, name)
            turns += found
    return turns


def _earlier(entry: Any, name: str) -> Iterator[Turn]:
    entry = plain_message(entry)
    if isinstance(entry, Mapping) and (speaker := role_of(entry)) is not None:
        content = content_name(entry)
        if content and isinstance(entry[content], str):
            yield Turn(speaker, entry[content], name)
        return
    texts = list(entry.values()) if isinstance(entry, Mapping) else entry
    if isinstance(texts, list) and len(texts) == 2 and all(isinstance(text, str) for text in texts):
        yield Turn("user", texts[0], name)
        yield Turn("assistant", texts[1], name)
