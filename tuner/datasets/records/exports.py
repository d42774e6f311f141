"""Recognizes records in the own form of another program, and says what they are and what to do.

Their questions and answers are nested, are several messages of people, or need a decision that only a person can make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuner.core.wording import json_type
from tuner.datasets.field_and_role_names import ANSWERS, Fields, content_name, find, find_known, normal, role_of
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.records.exported_answers import answer_field, is_response
from tuner.datasets.records.framework_messages import plain_message
from tuner.datasets.records.schemas.context_fields import parsed_cell

CONVERSATIONS = (
    'Write {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}]} for each conversation.'
)
# One message in an export of Slack, Teams, Discord or Telegram: who, what and when.
_OF_A_MESSAGE: tuple[set[str], ...] = (
    {"user", "from", "author", "sender", "username", "name", "user_id", "speaker", "role"},
    {"text", "content", "message", "body", "utterance"},
    {
        "ts", "timestamp", "date", "time", "datetime", "created_at", "sent_at", "turn", "turn_id", "turn_number",
        "message_id", "conversation_id", "dialogue_id", "dialog_id", "session_id", "thread_id", "chat_id",
    },
)  # fmt: skip
# The types of DynamoDB's JSON: `{"S": "text"}`.
_DYNAMODB = frozenset(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
_UNTYPED = "Write the texts: `jq -c '(.Item // .) | map_values(.S // .N // .BOOL)' FILE`."
# What customers and agents wrote about one ticket, in exports of Zendesk, Intercom, Freshdesk, Jira and others.
_ENTRIES = frozenset((
    "comments", "conversations", "conversation_parts", "replies", "notes", "threads", "posts", "emails", "histories",
    "activities", "interactions", "articles", "journals", "messages",
))  # fmt: skip
_ENTRY_TEXTS = frozenset((
    "body", "html_body", "plain_body", "body_text", "body_html", "text", "content", "message", "comment", "note",
    "notes", "description",
))  # fmt: skip
_ENTRY_AUTHORS = frozenset((
    "author", "author_id", "user", "user_id", "from", "from_email", "sender", "created_by", "creator", "incoming",
    "direction", "from_agent", "is_inbound", "is_agent", "public", "private", "internal", "part_type",
))  # fmt: skip
_TICKETS = (
    "Write {\"messages\": [...]} for each ticket: what the customer wrote as 'user', what agents answered as "
    "'assistant'. Leave internal notes out."
)


def export_of(row: Fields, names: list[str]) -> tuple[str, str] | None:
    """What a record in the own form of another program is, and what to do; None for another record."""
    decision = row.get("answer")
    if "answer" in names and "_input_hash" in row and decision in ("accept", "reject", "ignore"):
        what = "this is Prodigy's export: 'answer' says whether a person accepted the record, and is not the answer."
        kept = """Keep the accepted ones: `jq -c 'select(.answer == "accept") | del(.answer)' FILE`."""
        return what, f"{kept} Then name the field with the answer: {field_setting('completion')}."
    annotations = row.get("annotations")
    if isinstance(annotations, list) and any(isinstance(each, Mapping) and "result" in each for each in annotations):
        return "this is Label Studio's full export: its annotations are nested.", "Export it as JSON-MIN or CSV."
    responses = row.get("responses")
    if isinstance(responses, list) and any(isinstance(each, Mapping) and "values" in each for each in responses):
        what = "this is Argilla's own form of a record: it has one object for each person who answered."
        return what, 'Write {"question": "...", "answer": "..."} for each submitted response.'
    if isinstance(row.get("testCase"), Mapping) and isinstance(row.get("response"), Mapping):
        what = "this is a result of promptfoo: 'response' is what a model answered, and may be wrong."
        return what, "Use the tests themselves: each with 'vars', and the answer in an 'assert' of the type 'equals'."
    return _of_training_program(row) or _of_bedrock(row) or _of_model_api(row) or _of_database(row)


def several_answers(row: Fields, names: list[str]) -> Issue | None:
    """The issue of a record of Argilla that has an answer, and texts that people wrote about it."""
    known = find_known(ANSWERS, names)
    texts = [name for name in names if is_response(name, names) and _has_texts(find(row, name))]
    if not known or not texts or answer_field(row, names):
        return None
    shown = ", ".join(f"'{name[:60]}'" for name in (known, *texts))
    remedy = f"Name the right one with {field_setting('completion')}."
    return Issue("missing-field", f"several fields may hold the answer: {shown}.", remedy)


def _has_texts(responses: Any) -> bool:
    found = parsed_cell(responses)
    return isinstance(found, str) or (isinstance(found, list) and any(isinstance(each, str) for each in found))


def _of_training_program(row: Fields) -> tuple[str, str] | None:
    segments = row.get("segments")
    if isinstance(segments, list) and segments and all(_is_segment(each) for each in segments):
        return "this is Axolotl's form of segments, some of which are not learnt.", CONVERSATIONS
    return None


def _is_segment(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("label"), bool) and isinstance(value.get("text"), str)


def _of_bedrock(row: Fields) -> tuple[str, str] | None:
    """What a record that Bedrock itself writes is: requests with their replies, in the form of each model."""
    if row.get("schemaType") == "ModelInvocationLog":
        what = "this is a log of model invocations: question and answer are in 'inputBodyJson' and 'outputBodyJson'."
        return what, CONVERSATIONS
    if isinstance(row.get("modelInput"), Mapping):
        if "modelOutput" not in row:
            return "this is the input of a batch inference job: it has no answer.", CONVERSATIONS
        what = "this is the output of a batch inference job"
        return f"{what}: the question is in 'modelInput', and the answer in 'modelOutput'.", CONVERSATIONS
    if isinstance(row.get("conversationTurns"), list):
        what = "this is a dataset for the evaluation of a knowledge base: its questions are in 'conversationTurns'."
        members = "question: .prompt.content[0].text, answer: .referenceResponses[0].content[0].text"
        return what, f"Write its questions as records: `jq -c '.conversationTurns[] | {{{members}}}' FILE`."
    return None


def _of_model_api(row: Fields) -> tuple[str, str] | None:
    """What a record is that the API of OpenAI or Anthropic wrote: a reply, with its question or without."""
    choices = row.get("choices")
    if row.get("object") == "chat.completion" and isinstance(choices, list):
        what = "this is a stored completion of OpenAI: the answer is in 'choices'."
        return (
            what,
            "Write the messages and the answer together: `jq -c '{messages: (.input + [.choices[0].message])}' FILE`.",
        )
    replies = (each for each in (row.get("response"), row.get("result")) if isinstance(each, Mapping))
    if "custom_id" in row and any(each.keys() & {"body", "message"} for each in replies):
        what = "this is the output of a batch job of OpenAI or Anthropic: it has answers without their questions."
        return what, f"Add the messages of the input that has the same 'custom_id'. {CONVERSATIONS}"
    return None


def _of_database(row: Fields) -> tuple[str, str] | None:
    """What a record is that the API of a database wrote, in which values have their types or no names."""
    values = row.get("f")
    if row.keys() == {"f"} and isinstance(values, list) and all(isinstance(each, Mapping) for each in values):
        return (
            "this is a reply of BigQuery's API: its values have no names.",
            "Export the table as JSON, CSV or Parquet.",
        )
    item = row.get("Item", row)
    typed = list(item.values()) if isinstance(item, Mapping) else []
    if typed and all(isinstance(each, Mapping) and len(each) == 1 and each.keys() <= _DYNAMODB for each in typed):
        return "this is an export of DynamoDB: each value has its type.", _UNTYPED
    return None


def chat_of(row: Fields, names: list[str]) -> tuple[str, str] | None:
    """What a record of a chat program's or a help desk's export is, and what to do; None for another record."""
    if entries := next(_tickets(row, names), None):
        what = f"this is a ticket with what customers and agents wrote about it in '{entries}'"
        return f"{what}: which texts are the question and the answer is not known.", _TICKETS
    found = _of_messages(row)
    return (found, CONVERSATIONS) if found else None


def _tickets(row: Fields, names: list[str]) -> Iterator[str]:
    """The fields whose entries are what people wrote about a ticket."""
    for name in names:
        entries = find(row, name) if normal(name) in _ENTRIES else None
        first = entries[0] if isinstance(entries, list) and entries else None
        members = {normal(member) for member in first} if isinstance(first, Mapping) else set()
        if members & _ENTRY_TEXTS and members & _ENTRY_AUTHORS:
            yield name


def _of_messages(row: Fields) -> str | None:
    """What a record with one message, or with a tree of them, is; None for another record."""
    tree = row.get("mapping")
    if isinstance(tree, Mapping) and any(isinstance(node, Mapping) and "children" in node for node in tree.values()):
        return "this is ChatGPT's export: the messages of a conversation are a tree."
    if any(isinstance(value, Mapping) and "replies" in value for value in row.values()):
        return "this is a tree of messages: a question has several replies."
    names = {normal(name) for name in row}
    if {"role", "parent_id"} <= names:
        return "a record is one message of a conversation: it needs a question and its answer."
    if all(names & each for each in _OF_A_MESSAGE):
        return "a record is one message of a chat: it needs a question and its answer."
    message = plain_message(row)
    if role_of(message) in ("user", "assistant", "system") and content_name(message) is not None:
        return "a record is one message of a conversation: it needs a question and its answer."
    return None


def not_an_object(value: Any) -> Issue:
    """The issue of a record that is no object, such as a list of messages."""
    message = f"a record must be an object with named fields, not {json_type(value)}."
    if isinstance(value, list) and value and role_of(plain_message(value[0]) if isinstance(value[0], Mapping) else {}):
        remedy = f"{CONVERSATIONS[:-1]}: `jq -c '.[] | {{messages: .}}' FILE`."
        return Issue("record-kind", message.replace("a list", "a list of messages"), remedy)
    return Issue("record-kind", message, 'Write {"question": "...", "answer": "..."}.')
