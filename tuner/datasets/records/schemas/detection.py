"""Detects the schema of a file from its first row.

PairSchema           a question and an answer under any of the names of `field_names`, also nested ones
ConversationSchema   `messages`, `conversations` and others: Claude's, Converse's and other chat transcripts
TemplateSchema       a conversation as one text in a chat template
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.datasets.field_and_role_names import (
    ANSWERS,
    LABELLED_TEXTS,
    LABELS,
    PAIR_TRANSCRIPTS,
    QUESTIONS,
    RIGHT_ANSWERS,
    TRANSCRIPTS,
    Fields,
    Kind,
    find,
    find_known,
    kind_of,
    leaf_names,
    normal,
    role_of,
)
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.reading.question_map import QUESTION_MARKS
from tuner.datasets.reading.rows import too_many_fields
from tuner.datasets.records.exported_answers import answer_field
from tuner.datasets.records.exports import chat_of, export_of, several_answers
from tuner.datasets.records.framework_messages import plain_message
from tuner.datasets.records.schemas.compound_names import ANSWER, QUESTION, FieldRole, FoundField, letter
from tuner.datasets.records.schemas.context_fields import parsed_cell
from tuner.datasets.records.schemas.conversations import (
    ConversationSchema,
    are_alternating_texts,
    native_format,
)
from tuner.datasets.records.schemas.messages import is_message, is_pair, may_be_messages
from tuner.datasets.records.schemas.pairs import PairSchema, fields_about_origin
from tuner.datasets.records.schemas.templates import TEMPLATE_MARK, TemplateSchema, turns_of
from tuner.decoders.process import MOST_FIELDS
from tuner.settings import FieldNames

Schema = PairSchema | ConversationSchema | TemplateSchema
_TEXTS = ("text", "content", "prompt", "sample", "chosen", "conversation", "dialogue", "messages", "completion")
# The answer to `messages` that end with the question, in preference data of OpenAI and others.
_PREFERRED = ("preferred_output", "chosen")
# Lists of texts with these names are conversations of two speakers. `turns` may be the questions of one (MT-Bench).
_WITHOUT_SPEAKERS = ("conversation", "conversations", "dialog", "dialogue", "chat")
_ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*$")
_SHOWN = 10  # names in a message
_BY_NAME = "Write an array of the records (`jq '[.[]]' FILE` does)."
_RECORDS = "Write an array of objects, one for each record (pandas: to_json(orient='records'))."


def detect_schema(row: Fields, fields: FieldNames) -> Schema | Issue:
    """The schema of a file by its first row. Field names of the settings take precedence over detected ones."""
    names = [name for name in leaf_names(row) if name not in fields.ignore]
    if export := export_of(row, names):
        return Issue("record-kind", *export)
    if _is_by_name(row):
        return Issue("record-kind", f"the object has a record for each name: {_listed(list(row))}.", _BY_NAME)
    # Fields inside of fields count too. Each is compared with every known name, so many would take minutes.
    if len(names) > MOST_FIELDS:
        return too_many_fields(len(names))
    if not (fields.prompt or fields.completion) and (schema := _conversation(row, names, fields.ignore)):
        return schema
    asked = FoundField(fields.prompt) if fields.prompt else QUESTION.find(names)
    others = [name for name in names if name != asked.name]
    if not fields.completion and (several := several_answers(row, others)):
        return several
    answered = FoundField(fields.completion or answer_field(row, others))
    if answered.name is None:
        answered = ANSWER.find(_without_citation(row, others))
    prompt, completion = asked.name, answered.name
    if prompt and completion and _are_objects(find(row, prompt)):
        message = f"'{prompt}' is a list of objects: a record has one question."
        return Issue("record-kind", message, "Write a record for each question.")
    if _is_columns(row, prompt, completion) or _is_split(row):
        return Issue("record-kind", "the object has columns, not a record: its fields hold all values.", _RECORDS)
    if prompt is None and completion is None and are_alternating_texts(parsed_cell(find(row, "data"))):
        return ConversationSchema(("data",), ignored=fields.ignore, alternating=True)  # UltraChat
    if prompt is None and completion and _has_messages(find(row, completion)):
        return ConversationSchema((completion,), ignored=fields.ignore)
    if prompt is None or completion is None:
        label = find_known(LABELS, [name for name in names if name != prompt])
        if template := _template(row, find_known(_TEXTS, names), fields.ignore, whole=not (completion or label)):
            return template
        text = FoundField(find_known(LABELLED_TEXTS, names))
        if text.name is None and not asked.candidates:
            text = letter([name for name in names if name not in (completion, label)])
        if text.name and (prompt is None or (asked.unclear and completion is None)):
            asked, prompt = text, text.name
        completion = completion or label
    if prompt is None or completion is None:
        return _unrecognised(row, names, QUESTION if prompt is None else ANSWER)
    if _has_messages(find(row, prompt)) or _has_messages(find(row, completion)):
        return ConversationSchema((prompt, completion), ignored=fields.ignore)
    value = find(row, prompt)
    if isinstance(value, str) and turns_of(value):
        return TemplateSchema(prompt, completion, fields.ignore)
    roles = ((QUESTION, asked), (ANSWER, answered))
    guessed = tuple(role.issue(found.name) for role, found in roles if found.name and found.guessed)
    return PairSchema(prompt, completion, (*fields.ignore, *fields_about_origin(row), *_repeating(row, names)), guessed)


def _conversation(row: Fields, names: list[str], ignored: tuple[str, ...]) -> Schema | None:
    name = find_known(TRANSCRIPTS, names)
    value = parsed_cell(find(row, name)) if name else None
    if name and normal(name) in _WITHOUT_SPEAKERS and are_alternating_texts(value):
        return ConversationSchema((name,), ignored=ignored, alternating=True)
    if name and ((isinstance(value, list) and may_be_messages(value)) or _is_json(value)):
        known = (*_PREFERRED, *ANSWERS, *TRANSCRIPTS)
        others = [each for each in _without_citation(row, names) if each != name]
        answer = find_known(known, others) if isinstance(value, list) and _is_asked(value) else None
        answered = find(row, answer) if answer else None
        if answer and (_has_messages(answered) or isinstance(answered, str)):
            return ConversationSchema((name, answer), ignored=ignored)
        return ConversationSchema((name,), native_format(row) if name == "messages" else None, ignored)
    pairs = find_known(PAIR_TRANSCRIPTS, names)
    value = parsed_cell(find(row, pairs)) if pairs else None
    if pairs and isinstance(value, list) and value and all(map(is_pair, value)):
        return ConversationSchema((pairs,), ignored=ignored)
    text = find_known(tuple(each for each in _TEXTS if each not in (*QUESTIONS, *ANSWERS)), names)
    if text in _repeating(row, names):
        return None
    return _template(row, name, ignored, whole=True) or _template(row, text, ignored, whole=False)


def _without_citation(row: Fields, names: list[str]) -> list[str]:
    """The names without a `reference` that is the address of a page, if another field has the name of an answer."""
    left = [name for name in names if normal(name) != "reference" or not _ADDRESS.match(str(find(row, name)))]
    return left if find_known(ANSWERS, left) else names


def _is_asked(messages: list[Any]) -> bool:
    """Whether the last message is the user's, so that the answer is elsewhere."""
    last = plain_message(messages[-1])
    return isinstance(last, Mapping) and role_of(last) == "user"


def _repeating(row: Fields, names: list[str]) -> tuple[str, ...]:
    """Texts in a template that repeat question and answer of other fields, as Alpaca's `text` does."""
    fields = [find_known(known, names) for known in (QUESTIONS, ANSWERS)]
    pair = [str(find(row, name)).strip() for name in fields if name]
    texts = [name for name in names if normal(name) == "text" and len(pair) == 2]
    return tuple(
        name for name in texts if turns_of(str(find(row, name))) and all(e in str(find(row, name)) for e in pair)
    )


def _template(row: Fields, field: str | None, ignored: tuple[str, ...], *, whole: bool) -> TemplateSchema | None:
    """The schema of a row whose whole conversation, with the answer, is the text of a field."""
    value = find(row, field) if field else None
    turns = turns_of(value, whole=whole) if isinstance(value, str) else None
    if field and turns and any(speaker == "assistant" and text for speaker, text in turns):
        return TemplateSchema(field, ignored=ignored)
    return None


def _has_messages(value: Any) -> bool:
    found = parsed_cell(value)
    return is_message(found) or (isinstance(found, list) and bool(found) and is_message(found[0]))


def _is_columns(row: Fields, prompt: str | None, completion: str | None) -> bool:
    """Whether fields hold the values of many records: lists, or pandas' `{"0": ..., "1": ...}`."""
    if prompt and completion:
        asked, answered = find(row, prompt), find(row, completion)
        return isinstance(asked, list) and isinstance(answered, list) and not _has_messages(asked)
    columns = [value for value in row.values() if isinstance(value, Mapping)]
    return len(columns) > 1 and all("0" in column and column.keys() == columns[0].keys() for column in columns)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and not _has_messages(value)


def _is_by_name(row: Fields) -> bool:
    """Whether all members are records, such as `{"1": {...}, "2": {...}}`."""
    names = [list(value) if isinstance(value, Mapping) else [] for value in row.values()]
    return len(names) > 1 and all(find_known(QUESTIONS, each) and find_known(ANSWERS, each) for each in names)


def _is_split(row: Fields) -> bool:
    """Whether names and values are apart, as pandas writes them: `{"columns": [...], "data": [[...], ...]}`."""
    names, values = row.get("columns"), row.get("data")
    return isinstance(names, list) and isinstance(values, list) and bool(values) and isinstance(values[0], list)


def _is_json(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(("[", "{"))


def _unrecognised(row: Fields, names: list[str], role: FieldRole) -> Issue:
    if sum(name.rstrip().endswith(QUESTION_MARKS) for name in row) > len(row) / 2:
        message = "the names of the fields are questions: a record has a field for the question and one for the answer."
        return Issue("record-kind", message, 'Write {"question": "...", "answer": "..."} for each question.')
    if export := chat_of(row, names):
        return Issue("record-kind", *export)
    usual = [name for name in role.known if name not in RIGHT_ANSWERS][:_SHOWN]
    if candidates := role.find(names).candidates:
        shown = _listed(candidates)
        message = f"several fields may hold the {role.what}: {shown}."
        remedy = f"Name the right one with {field_setting(role.setting)}, or call it {usual[0]}."
        return Issue("missing-field", message, remedy)
    also = next(filter(None, (_hint(name, find(row, name)) for name in names)), "")
    return Issue(
        "missing-field",
        f"no field holds the {role.what}: found {_listed(names) or 'none'}.{also}",
        f"Name it with {field_setting(role.setting)}, or call it one of: {', '.join(usual)}.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name[:60]}'" for name in names[:8])


def _may_be_record(entry: Fields) -> bool:
    """Whether an object has a text for the question and one for the answer, whatever they are called."""
    return sum(isinstance(find(entry, name), str) for name in leaf_names(entry)) > 1


def _hint(name: str, value: Any) -> str:
    """What is special about a field of a record that was not recognised; nothing for most."""
    shown = f"'{name[:60]}'"
    if kind_of(name) is Kind.MEDIA:
        return f" {shown} is not a text, and models are tuned on texts here."
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and _may_be_record(value[0]):
        return f" {shown} holds a list: if it has the records, name it with {field_setting('records')}."
    if isinstance(value, list) and len(value) > 1 and all(isinstance(each, str) for each in value):
        return f" {shown} holds a list of texts: if they are the turns of a conversation, write them as 'messages'."
    if isinstance(value, str) and (mark := TEMPLATE_MARK.search(value)):
        return f" {shown} seems to be in a chat template that is not known: it has '{mark.group()}'."
    return ""
