"""Where a question is from, by the fields of its record: its conversation, its document, and the text given with it.

Questions of the same origin are related: see `tuner.datasets.question_groups`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from tuner.artifacts.dataset import Origin
from tuner.datasets.field_and_role_names import MISSING, Fields, Kind, find, find_known, has_content, leaf_names
from tuner.datasets.records.schemas.context_fields import Others, plain_text
from tuner.datasets.same_question import comparable, text_hash

_CONVERSATIONS = ("conversation_id", "session_id", "dialogue_id", "dialog_id", "thread_id", "chat_id")
_DOCUMENTS = ("document_id", "doc_id", "document", "document_name", "file_name", "filename", "article_id")
_PARTS = ("place", "page", "pages", "part", "chunk", "chunk_id", "section")
# A longer text is the document itself, and not its name.
_LONGEST_NAME = 200


def origin_fields(names: Iterable[str]) -> set[str]:
    """The fields that say where a question is from, without the text that is given with it."""
    known = list(names)
    found = {find_known(each, known) for each in (_CONVERSATIONS, _DOCUMENTS)}
    if find_known(_DOCUMENTS, known) is not None:
        found.add(find_known(_PARTS, known))
    return {name for name in found if name is not None}


def origin_of(row: Fields, others: Others) -> Origin:
    """The origin of a row. `others` are its fields that are neither question nor answer."""
    names = [name for name in leaf_names(row) if name in others]
    # A short text in `document` is a name: as a passage too, it would relate the questions of all its parts.
    named, document = find_known(_DOCUMENTS, names), _name(row, names, _DOCUMENTS)
    return Origin(
        conversation=_name(row, names, _CONVERSATIONS),
        document=document,
        part=_name(row, names, _PARTS) if document else None,
        passage=_passage({name: other for name, other in others.items() if document is None or name != named}),
    )


def values_of(row: Fields, names: Collection[str]) -> dict[str, str]:
    """The row's values of these fields as texts, without those that say nothing."""
    found = {name: find(row, name) for name in names}
    return {name: _text(value) for name, value in found.items() if value is not MISSING and has_content(value)}


def _name(row: Fields, names: list[str], known: tuple[str, ...]) -> str | None:
    field = find_known(known, names)
    value = MISSING if field is None else find(row, field)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not has_content(value):
        return None
    text = _text(value)
    return text if len(text) <= _LONGEST_NAME else None


def _passage(others: Others) -> str | None:
    """A hash of the texts that are given with the question, such as the passage that it is about."""
    texts = [plain_text(value) for name, (kind, value) in sorted(others.items()) if kind is Kind.CONTEXT]
    given = "\0".join(comparable(text) for text in texts if text and text.strip())
    return f"{text_hash(given):016x}" if given else None


def _text(value: Any) -> str:
    """The value as text. The order of a list, such as that of tags, says nothing; a list of one is its element."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list | tuple):
        texts = sorted(map(_text, value))
        return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
