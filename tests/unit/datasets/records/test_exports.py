"""Records in the own form of another program: used as what they are, or refused by one message that can be followed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.datasets.memory_files import CLAUDE, MemorySink, MemorySource, jsonl
from tuner.catalog import model
from tuner.datasets import CheckedFile, RecordLimits, convert
from tuner.settings import FieldNames

ASKED, ANSWERED = "How deep is pier 4?", "Nine metres."
LEARNT = {"messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}]}
EQUALS = {"type": "equals", "value": ANSWERED}


def converted(data: Any, name: str = "training.jsonl", **fields: Any) -> tuple[CheckedFile, list[dict]]:
    sink = MemorySink()
    given = data.encode() if isinstance(data, str) else jsonl(data)
    limits = RecordLimits(model(CLAUDE), "training")
    checked = convert(MemorySource(name, given, 10**6), limits, FieldNames(**fields), sink)
    return checked, [json.loads(line) for line in (sink.committed or b"").splitlines()]


def issues(checked: CheckedFile) -> list[tuple[str, str, str | None]]:
    return [
        (found.severity, found.rule, found.field) for found in checked.findings.kept if found.rule != "record-count"
    ]


def refusal(data: Any, name: str = "training.jsonl", **fields: Any) -> str:
    """The one error of a file, with its remedy."""
    checked, records = converted(data, name, **fields)
    [error] = [found for found in checked.findings.kept if found.severity == "error"]
    assert records == []
    return f"{error.message} {error.remedy}"


def langchain(kind: str, text: str, **more: Any) -> dict:
    return {"type": kind, "data": {"type": kind, "content": text, "example": False, "additional_kwargs": {}, **more}}


def serialized(name: str, text: str) -> dict:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", name], "kwargs": {"content": text}}


CONVERSATIONS = {
    "LangChain, as objects": {"messages": [langchain("human", ASKED), langchain("ai", ANSWERED)]},
    "LangChain, flat": {"messages": [{"type": "human", "content": ASKED}, {"type": "ai", "content": ANSWERED}]},
    "LangChain, chunk": {"messages": [langchain("human", ASKED), langchain("AIMessageChunk", ANSWERED)]},
    "LangChain, serialized": {"messages": [serialized("HumanMessage", ASKED), serialized("AIMessage", ANSWERED)]},
    "LangChain, with a role": {"messages": [langchain("human", ASKED), langchain("chat", ANSWERED, role="assistant")]},
    "LangGraph": {"values": {"messages": [langchain("human", ASKED), langchain("ai", ANSWERED)]}},
    "LangSmith": {
        "inputs": {"messages": [langchain("human", ASKED)]},
        "outputs": {"output": langchain("ai", ANSWERED)},
    },
    "LangSmith, messages twice": {
        "inputs": {"messages": [{"role": "user", "content": ASKED}]},
        "outputs": {"messages": [{"role": "assistant", "content": ANSWERED}]},
    },
    "LlamaIndex": {
        "messages": [
            {"role": "user", "additional_kwargs": {}, "blocks": [{"block_type": "text", "text": ASKED}]},
            {"role": "assistant", "additional_kwargs": {}, "blocks": [{"block_type": "text", "text": ANSWERED}]},
        ]
    },
    "Semantic Kernel": {
        "messages": [
            {"role": "user", "items": [{"content_type": "text", "text": ASKED}]},
            {"role": "assistant", "items": [{"content_type": "text", "text": ANSWERED}]},
        ]
    },
    "AI SDK": {
        "messages": [
            {"role": "user", "parts": [{"type": "text", "text": ASKED}]},
            {"role": "assistant", "parts": [{"type": "text", "text": ANSWERED}]},
        ]
    },
}


@pytest.mark.parametrize("record", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_messages_of_frameworks_are_a_conversation(record):
    checked, records = converted([record])
    assert (records, issues(checked)) == ([LEARNT], [])


def test_the_system_prompt_and_earlier_turns_of_langchain_are_kept():
    messages = [langchain("system", "Be kind."), langchain("human", ASKED), langchain("ai", ANSWERED)]
    [record] = converted([{"messages": messages}])[1]
    assert record == {"system": "Be kind.", **LEARNT}
    earlier = [langchain("human", "Is it open?"), langchain("ai", "Yes.")]
    [record] = converted([{"chat_history": earlier, "input": ASKED, "output": ANSWERED}])[1]
    assert [message["content"] for message in record["messages"]] == ["Is it open?", "Yes.", ASKED, ANSWERED]


@pytest.mark.parametrize(
    "calls",
    [
        {"tool_calls": [{"name": "depth", "args": {}, "id": "c"}]},
        {"additional_kwargs": {"function_call": {"name": "depth", "arguments": "{}"}}},
    ],
)
def test_calls_of_tools_in_messages_of_langchain_are_not_lost(calls):
    messages = [langchain("human", ASKED), langchain("ai", "Let me see.", **calls), langchain("ai", ANSWERED)]
    assert "calls tools" in refusal([{"messages": messages}])


@pytest.mark.parametrize("message", [langchain("human", ASKED), {"role": "user", "content": ASKED}])
def test_a_record_that_is_one_message_says_what_to_write(message):
    assert refusal([message]).startswith("a record is one message of a conversation: it needs")
    text = refusal(json.dumps([[message]]), "training.json")
    assert "not a list of messages" in text
    assert "jq -c '.[] | {messages: .}' FILE" in text


PROMPTFOO = {"vars": {"question": ASKED}, "assert": [EQUALS]}
TESTS = {
    "alone": PROMPTFOO,
    "beside other checks": {**PROMPTFOO, "assert": [{"type": "latency", "threshold": 5}, EQUALS]},
    "in a set": {**PROMPTFOO, "assert": [{"type": "assert-set", "assert": [EQUALS]}]},
    "as a variable": {
        "vars": {"question": ASKED, "wanted": ANSWERED},
        "assert": [{"type": "equals", "value": "{{ wanted }}"}],
    },
}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_the_answer_of_a_test_of_promptfoo_is_what_it_must_equal(test):
    assert converted([test])[1] == [LEARNT]
    assert converted(json.dumps({"prompts": ["{{question}}"], "tests": [test]}), "training.json")[1] == [LEARNT]


@pytest.mark.parametrize("kind", ["contains", "similar", "llm-rubric", "javascript", "not-equals"])
def test_a_test_of_promptfoo_without_an_answer_is_refused(kind):
    text = refusal([{**PROMPTFOO, "assert": [{"type": kind, "value": ANSWERED}]}])
    assert text.startswith(f"has no reference answer: the test has only '{kind}'")
    assert 'Add {"type": "equals"' in text


@pytest.mark.parametrize("value", ["{{ other }}", "file://answer.txt", "It is {{ depth }}."])
def test_a_text_that_promptfoo_replaces_is_no_answer(value):
    assert "is not the answer" in refusal([{**PROMPTFOO, "assert": [{"type": "equals", "value": value}]}])


def test_two_different_answers_of_a_test_are_refused():
    assert "2 different texts" in refusal([{**PROMPTFOO, "assert": [EQUALS, {**EQUALS, "value": "Six."}]}])


def test_a_result_of_promptfoo_is_not_what_to_learn():
    result = {"vars": {"question": ASKED}, "response": {"output": "Six."}, "testCase": PROMPTFOO, "success": False}
    assert "what a model answered" in refusal(json.dumps({"results": {"results": [result]}}), "training.json")


@pytest.mark.parametrize("name", ["training.csv", "training.jsonl"])
def test_a_column_of_promptfoo_has_the_answer_or_a_check(name):
    def of(*expected: str) -> Any:
        rows = [{"question": ASKED + "?" * number, "__expected": text} for number, text in enumerate(expected)]
        table = "question,__expected\n" + "".join(f'{row["question"]},"{row["__expected"]}"\n' for row in rows)
        return table if name.endswith("csv") else rows

    assert converted(of(ANSWERED), name)[1] == [LEARNT]
    assert converted(of(f"equals: {ANSWERED}"), name)[1] == [LEARNT]
    assert [r["messages"][1]["content"] for r in converted(of("Note: it varies.", "Similar to pier 3."), name)[1]] == [
        "Note: it varies.",
        "Similar to pier 3.",
    ]
    for check in (
        "contains: nine",
        "similar(0.8): nine metres",
        "is-json",
        "not-icontains: six",
        "llm-rubric: is kind",
    ):
        assert "is a check of promptfoo" in refusal(of(ANSWERED, check), name)


ARGILLA = {"question": ASKED, "answer.responses": [ANSWERED], "answer.responses.users": ["u"],
           "answer.responses.status": ["submitted"], "answer.suggestion": "Six.",
           "answer.suggestion.score": 0.1}  # fmt: skip


def test_a_submitted_response_of_argilla_is_the_answer():
    discarded = {
        **ARGILLA,
        "answer.responses": ["Six.", ANSWERED],
        "answer.responses.status": ["discarded", "submitted"],
    }
    # The score of a suggestion does not grade the record.
    checked, records = converted([ARGILLA, {**discarded, "answer.suggestion.score": 0.9}])
    assert (records, issues(checked)) == ([LEARNT, LEARNT], [])
    assert "answer.suggestion" in checked.fields.left_out


@pytest.mark.parametrize("responses", [None, [], ["Six."]])
def test_a_record_of_argilla_without_a_submitted_response_is_left_out(responses):
    unanswered = {**ARGILLA, "answer.responses": responses, "answer.responses.status": ["draft"]}
    checked, records = converted([ARGILLA, unanswered])
    assert records == [LEARNT]
    assert issues(checked) == [("warning", "left-out", "answer.responses")]
    assert checked.fields.records_left_out == 1


def test_a_response_of_argilla_beside_an_answer_is_not_chosen_for_the_user():
    both = {"prompt": ASKED, "response": "Six.", "corrected.responses": [ANSWERED], "corrected.suggestion": None}
    text = refusal([both])
    assert "several fields may hold the answer: 'response', 'corrected.responses'." in text
    assert converted([both], completion="corrected.responses")[1] == [LEARNT]
    graded = {"prompt": ASKED, "response": ANSWERED, "quality.responses": [5], "quality.suggestion": 3}
    assert converted([graded])[1] == [LEARNT]


def test_labels_of_argilla_are_the_answer():
    checked, records = converted([{"text": ASKED, "label.responses": ["depth"], "label.responses.users": ["u"]}])
    assert (records[0]["messages"][1]["content"], issues(checked)) == ("depth", [])


def test_responses_of_argilla_in_a_table_are_refused_if_they_are_no_list():
    table = f"question,answer.responses,answer.suggestion\n{ASKED},['Nine metres.'],Six\n"
    assert "Export the dataset as JSON or Parquet" in refusal(table, "training.csv")


@pytest.mark.parametrize(
    ("right", "other"),
    [
        ("reference", "response"), ("ground_truth", "answer"), ("ground_truths", "answer"),
        ("ground_truth", "response"),
        ("reference", "output"), ("expected_output", "actual_output"), ("expectedOutput", "output"),
        ("correct_answer", "answer"), ("referenceResponse", "response"), ("target_output", "model_output"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_the_right_answer_is_taken_and_not_what_a_model_answered(right, other, first):
    answers = {right: ANSWERED, other: "Six."} if first else {other: "Six.", right: ANSWERED}
    checked, records = converted([{"question": ASKED, **answers}])
    assert records == [LEARNT]
    [warning] = [found for found in checked.findings.kept if found.rule == "left-out-field"]
    assert (warning.field, warning.message) == (other, f"is left out: the answer is taken from '{right}'.")


def test_a_reference_that_says_where_the_answer_is_from_is_not_the_answer():
    for beside in (
        {"answer": ANSWERED, "reference": "Handbook"},
        {"response": ANSWERED, "reference": "https://a.org/1"},
    ):
        assert converted([{"question": ASKED, **beside}])[1] == [LEARNT]


ZENDESK = {"id": 1, "subject": "Pier", "description": ASKED, "requester_id": 7,
           "comments": [{"id": 1, "author_id": 7, "public": True, "body": ASKED}]}  # fmt: skip
TICKETS = {
    "Zendesk": ZENDESK,
    "Zendesk, incremental": {"ticket": ZENDESK},
    "Intercom": {
        "source": {"body": ASKED, "author": {"type": "user"}},
        "conversation_parts": {"conversation_parts": [{"part_type": "comment", "body": ANSWERED, "author": {}}]},
    },
    "Freshdesk": {"subject": "Pier", "conversations": [{"body_text": ANSWERED, "incoming": False, "user_id": 9}]},
    "Jira": {"fields": {"summary": "Pier", "comment": {"comments": [{"author": {"name": "x"}, "body": ANSWERED}]}}},
    "Help Scout": {"_embedded": {"threads": [{"body": ASKED, "createdBy": {"type": "customer"}}]}},
    "Gorgias": {"id": 1, "messages": [{"from_agent": False, "body_text": ASKED}]},
}


@pytest.mark.parametrize("ticket", TICKETS.values(), ids=TICKETS)
def test_a_ticket_says_how_to_write_its_conversation(ticket):
    for data, name in (([ticket], "training.jsonl"), (json.dumps({"tickets": [ticket], "count": 1}), "training.json")):
        text = refusal(data, name)
        assert text.startswith("this is a ticket with what customers and agents wrote")
        assert "--records" not in text
        assert "Leave internal notes out." in text


def test_a_ticket_with_an_answer_in_a_field_is_a_record():
    assert converted([{**ZENDESK, "question": ASKED, "answer": ANSWERED}])[1] == [LEARNT]


def test_the_questions_of_a_knowledge_base_evaluation_are_inside_of_turns():
    turn = {"prompt": {"content": [{"text": ASKED}]}, "referenceResponses": [{"content": [{"text": ANSWERED}]}]}
    assert "jq -c '.conversationTurns[] | {question: .prompt" in refusal([{"conversationTurns": [turn]}])


@pytest.mark.parametrize("beside", [{"prompt": ASKED}, {"prompt": f" {ASKED}\n"}])
def test_a_question_that_repeats_the_first_message_is_no_unknown_member(beside):
    assert issues(converted([{**LEARNT, **beside}])[0]) == []
    assert issues(converted([{**LEARNT, "prompt": "Another."}])[0]) == [("warning", "unknown-member", None)]


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Piers\n---\n# Piers\n\nNine metres.\n",
        "---\r\ntitle: Piers\r\ntags:\r\n  - a\r\n---\r\n\r\nPier 4.\r\n",
        "---\ntitle: Piers\n...\nPier 4: nine metres.\n",
    ],
)
def test_markdown_with_front_matter_belongs_into_documents(text):
    assert "documents/" in refusal(text)
    assert "YAML" not in refusal(text)


@pytest.mark.parametrize("text", ["---\n- question: a\n", "---\nquestion: a\n---\nquestion: b\n", "- question: a\n"])
def test_yaml_is_not_taken_for_markdown(text):
    assert "YAML" in refusal(text)


API_RECORDS = {
    "OpenAI, stored": ({"object": "chat.completion", "input": [], "choices": [{"message": {}}]}, "jq -c '{messages:"),
    "OpenAI, batch": ({"custom_id": "1", "response": {"status_code": 200, "body": {}}}, "the same 'custom_id'"),
    "Anthropic, batch": ({"custom_id": "1", "result": {"type": "succeeded", "message": {}}}, "the same 'custom_id'"),
    "BigQuery": ({"f": [{"v": ASKED}, {"v": ANSWERED}]}, "Export the table as JSON"),
    "DynamoDB": ({"Item": {"question": {"S": ASKED}, "answer": {"S": ANSWERED}}}, "map_values(.S // .N // .BOOL)"),
    "DynamoDB, alone": ({"question": {"S": ASKED}, "answer": {"S": ANSWERED}}, "map_values(.S // .N // .BOOL)"),
}


@pytest.mark.parametrize(("record", "remedy"), API_RECORDS.values(), ids=API_RECORDS)
def test_what_an_api_wrote_says_how_to_write_it_as_records(record, remedy):
    text = refusal([record])
    assert remedy in text
    assert "--records" not in text


def test_fields_of_salesforce_are_known_and_its_drafts_are_left_out():
    table = f"Id,Question__c,Answer__c,PublishStatus\n1,{ASKED},{ANSWERED},Online\n2,Is it?,Old.,Draft\n"
    checked, records = converted(table, "training.csv")
    assert records == [LEARNT]
    assert issues(checked) == [("warning", "left-out", "PublishStatus")]


@pytest.mark.parametrize("bot", ["Bot", "chatbot"])
def test_what_a_bot_said_is_the_answer_and_not_the_intent(bot):
    assert converted([{"User": ASKED, bot: ANSWERED, "Intent": "depth"}])[1] == [LEARNT]
