"""Chat transcripts of many kinds become the same conversation; what is not a text is refused by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.datasets.memory_files import CLAUDE, NOVA, MemorySink, MemorySource
from tests.unit.datasets.records.test_fields import converted, findings
from tuner.artifacts.dataset import Finding
from tuner.catalog import model
from tuner.datasets import CheckedFile, Findings, RecordLimits, convert
from tuner.datasets.pipeline import FilePipeline
from tuner.datasets.records.record import Record
from tuner.settings import FieldNames

ASKED, ANSWERED = "How deep?", "Nine."
USER, ASSISTANT = {"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}
SYSTEM = {"role": "system", "content": "Be kind."}
EXPECTED = {"system": "Be kind.", "messages": [USER, ASSISTANT]}

FORMS: dict[str, dict[str, Any]] = {
    "chat completions": {"messages": [SYSTEM, USER, ASSISTANT]},
    "developer": {"messages": [{"role": "developer", "content": "Be kind."}, USER, ASSISTANT]},
    "ShareGPT": {"system": "Be kind.", "conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]},  # noqa: E501
    "other speakers": {"system": "Be kind.", "dialog": [{"speaker": "Customer", "text": ASKED}, {"speaker": "AI", "text": ANSWERED}]},  # noqa: E501
    "bot": {"system": "Be kind.", "messages": [{"role": "user", "content": ASKED}, {"role": "Bot", "content": ANSWERED}]},  # noqa: E501
    "Vertex AI": {
        "systemInstruction": {"role": "system", "parts": [{"text": "Be kind."}]},
        "contents": [{"role": "user", "parts": [{"text": ASKED}]}, {"role": "model", "parts": [{"text": ANSWERED}]}],
    },
    "TRL": {"prompt": [SYSTEM, USER], "completion": [ASSISTANT]},
    "TRL, one message": {"prompt": [SYSTEM, USER], "completion": ASSISTANT},
    "preferences": {"prompt": [SYSTEM, USER], "chosen": [ASSISTANT], "rejected": [{"role": "assistant", "content": "?"}]},  # noqa: E501
    "whole preferences": {"prompt": [SYSTEM, USER], "chosen": [SYSTEM, USER, ASSISTANT], "rejected": [SYSTEM, USER]},
    "OpenAI's preferences": {"input": {"messages": [SYSTEM, USER]}, "preferred_output": [ASSISTANT], "non_preferred_output": [{"role": "assistant", "content": "?"}]},  # noqa: E501
    "a source that is no file": {"messages": [SYSTEM, {**USER, "source": "faq.pdf"}, ASSISTANT]},
    "JSON in a cell": {"messages": json.dumps([SYSTEM, USER, ASSISTANT])},
    "nested": {"data": {"messages": [SYSTEM, USER, ASSISTANT]}},
    "nested with a system prompt": {"data": {"system": "Be kind.", "messages": [USER, ASSISTANT]}},
    "ChatML": {"text": f"<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>assistant\n{ANSWERED}<|im_end|>\n"},  # noqa: E501
    "Llama 2": {"text": f"<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\n{ASKED} [/INST] {ANSWERED} </s>"},
    "Llama 3": {"text": f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{ASKED}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{ANSWERED}<|eot_id|>"},  # noqa: E501
    "Gemma": {"system": "Be kind.", "text": f"<bos><start_of_turn>user\n{ASKED}<end_of_turn>\n<start_of_turn>model\n{ANSWERED}<end_of_turn>\n"},  # noqa: E501
    "Alpaca text": {"text": f"Be kind.\n\n### Instruction:\n{ASKED}\n\n### Response:\n{ANSWERED}"},
    "Guanaco": {"system": "Be kind.", "text": f"### Human: {ASKED}### Assistant: {ANSWERED}".replace("###", "\n###").strip()},  # noqa: E501
    "Guanaco on one line": {"system": "Be kind.", "text": f"### Human: {ASKED}### Assistant: {ANSWERED}"},
    "other headings": {"system": "Be kind.", "text": f"### Question:\n{ASKED}\n\n### Answer:\n{ANSWERED}"},
    "Claude 2": {"system": "Be kind.", "text": f"\n\nHuman: {ASKED}\n\nAssistant: {ANSWERED}"},
    "Claude 2 before the answer": {"system": "Be kind.", "prompt": f"\n\nHuman: {ASKED}\n\nAssistant:", "completion": f" {ANSWERED}"},  # noqa: E501
    "names of speakers": {"system": "Be kind.", "text": f"User: {ASKED}\nAssistant: {ANSWERED}"},
    "Q and A": {"system": "Be kind.", "text": f"Q: {ASKED}\nA: {ANSWERED}"},
    "question and answer as text": {"system": "Be kind.", "content": f"Question: {ASKED}\nAnswer: {ANSWERED}"},
    "input and output as text": {"system": "Be kind.", "text": f"Input: {ASKED}\nOutput: {ANSWERED}"},
    "Vicuna": {"text": f"Be kind. USER: {ASKED} ASSISTANT: {ANSWERED}</s>"},
    "Phi": {"system": "Be kind.", "text": f"<|user|>\n{ASKED}<|end|>\n<|assistant|>\n{ANSWERED}<|end|>"},
    "Llama 4": {"system": "Be kind.", "text": f"<|header_start|>user<|header_end|>\n\n{ASKED}<|eot|><|header_start|>assistant<|header_end|>\n\n{ANSWERED}<|eot|>"},  # noqa: E501
    "DeepSeek": {"text": f"<｜begin▁of▁sentence｜>Be kind.<｜User｜>{ASKED}<｜Assistant｜>{ANSWERED}<｜end▁of▁sentence｜>"},  # noqa: E501
    "Command R": {"text": f"<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be kind.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>{ASKED}<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{ANSWERED}<|END_OF_TURN_TOKEN|>"},  # noqa: E501
    "Command R7B": {"text": f"<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be kind.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>{ASKED}<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_RESPONSE|>{ANSWERED}<|END_RESPONSE|><|END_OF_TURN_TOKEN|>"},  # noqa: E501
    "Granite": {"text": f"<|start_of_role|>system<|end_of_role|>Be kind.<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>{ASKED}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>{ANSWERED}<|end_of_text|>"},  # noqa: E501
    "gpt-oss": {"text": f"<|start|>system<|message|>Be kind.<|end|><|start|>user<|message|>{ASKED}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWERED}<|return|>"},  # noqa: E501
    "Kimi": {"text": f"<|im_system|>system<|im_middle|>Be kind.<|im_end|><|im_user|>user<|im_middle|>{ASKED}<|im_end|><|im_assistant|>assistant<|im_middle|>{ANSWERED}<|im_end|>"},  # noqa: E501
    "GLM": {"text": f"[gMASK]<sop><|system|>\nBe kind.<|user|>\n{ASKED}<|assistant|>\n{ANSWERED}"},
    "EXAONE": {"text": f"[|system|]Be kind.[|endofturn|]\n[|user|]{ASKED}\n[|assistant|]{ANSWERED}[|endofturn|]"},
    "OpenChat": {"system": "Be kind.", "text": f"GPT4 Correct User: {ASKED}<|end_of_turn|>GPT4 Correct Assistant: {ANSWERED}<|end_of_turn|>"},  # noqa: E501
    "Phi 4": {"text": f"<|im_start|>system<|im_sep|>Be kind.<|im_end|><|im_start|>user<|im_sep|>{ASKED}<|im_end|><|im_start|>assistant<|im_sep|>{ANSWERED}<|im_end|>"},  # noqa: E501
    "Jamba": {"text": f"<|startoftext|><|bom|><|system|> Be kind.<|eom|><|bom|><|user|> {ASKED}<|eom|><|bom|><|assistant|> {ANSWERED}<|eom|>"},  # noqa: E501
    "Nemotron": {"text": f"<extra_id_0>System\nBe kind.\n\n<extra_id_1>User\n{ASKED}\n<extra_id_1>Assistant\n{ANSWERED}\n"},  # noqa: E501
    "MiniMax": {"text": f"<beginning_of_sentence>system ai_setting=a\nBe kind.<end_of_sentence>\n<beginning_of_sentence>user name=u\n{ASKED}<end_of_sentence>\n<beginning_of_sentence>ai name=a\n{ANSWERED}<end_of_sentence>\n"},  # noqa: E501
    "StableLM": {"text": f"<|SYSTEM|>Be kind.<|USER|>{ASKED}<|ASSISTANT|>{ANSWERED}<|endoftext|>"},
    "Open Assistant": {"system": "Be kind.", "text": f"<|prompter|>{ASKED}<|endoftext|><|assistant|>{ANSWERED}<|endoftext|>"},  # noqa: E501
    "DeepSeek's first": {"system": "Be kind.", "text": f"User: {ASKED}\n\nAssistant: {ANSWERED}<｜end▁of▁sentence｜>"},
    "names with a system prompt": {"text": f"System: Be kind.\nUser: {ASKED}\nAssistant: {ANSWERED}"},
    "Mistral": {"text": f"<s>[SYSTEM_PROMPT]Be kind.[/SYSTEM_PROMPT][INST]{ASKED}[/INST]{ANSWERED}</s>"},
    "Claude's export": {"system": "Be kind.", "chat_messages": [{"sender": "human", "text": ASKED, "files": []}, {"sender": "assistant", "text": ANSWERED}]},  # noqa: E501
    "preferences without a prompt": {"chosen": [SYSTEM, USER, ASSISTANT], "rejected": [SYSTEM, USER, USER]},
    "HH": {"system": "Be kind.", "chosen": f"\n\nHuman: {ASKED}\n\nAssistant: {ANSWERED}", "rejected": "\n\nHuman: a\n\nAssistant: b"},  # noqa: E501
    "a template before the answer": {"prompt": f"<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\n{ASKED} [/INST]", "completion": f" {ANSWERED} </s>"},  # noqa: E501
    "an open template before the answer": {"system": "Be kind.", "prompt": f"<start_of_turn>user\n{ASKED}<end_of_turn>\n<start_of_turn>model\n", "completion": ANSWERED},  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_conversation(form):
    checked, records = converted(FORMS[form])
    assert [str(f) for f in checked.findings.kept if f.severity == "error"] == []
    assert records == [EXPECTED]


def read_messages(name: str, data: bytes) -> tuple[CheckedFile, list[list[dict[str, str]]]]:
    sink = MemorySink()
    checked = convert(MemorySource(name, data), RecordLimits(model(CLAUDE), "training"), FieldNames(), sink)
    return checked, [json.loads(line)["messages"] for line in (sink.committed or b"").splitlines()]


ULTRACHAT = [ASKED, ANSWERED, "And pier 5?", "Six."]


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("name", ["data", "dialog", "conversation"])
def test_texts_without_speakers_are_the_users_and_the_assistants_in_turn(name, end):
    lines = [{"id": str(number), name: [*ULTRACHAT, f"{number}?", "Yes."]} for number in range(2)]
    for file, data in (("t.jsonl", "\n".join(map(json.dumps, lines)) + end), ("t.json", json.dumps(lines) + end)):
        checked, records = read_messages(file, data.encode())
        assert [message["content"] for message in records[1]] == [*ULTRACHAT, "1?", "Yes."]
        assert [message["role"] for message in records[1]] == ["user", "assistant"] * 3
        assert findings(checked, "guessed-speakers") == [("guessed-speakers", None, name)]
        assert errors(checked) == []


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        ({"data": ULTRACHAT[:3]}, "turn-order"),
        ({"data": [ASKED, None]}, "missing-field"),
        ({"data": [ASKED]}, "missing-field"),
        ({"data": ["Ann: Hello.", "Bob: Hi."]}, "missing-field"),
        ({"dialog": ["Ann: Hello.", "Bob: Hi."]}, "field-type"),
        ({"turns": ["How deep is it?", "And how wide?"], "reference": ["Nine."]}, "field-type"),
        ({"messages": ULTRACHAT}, "field-type"),
    ],
    ids=str,
)
def test_texts_that_may_be_something_else_are_refused(record, rule):
    checked, records = converted(record)
    assert records == []
    assert rule in [error.rule for error in errors(checked)]


IDEAL = {"input": [SYSTEM, USER], "ideal": [ANSWERED, "9 m", ANSWERED]}


def test_several_right_answers_beside_messages_are_answers():
    """OpenAI's evals: the first is learnt, and in evaluation data all of them are right."""
    checked, records = converted(IDEAL)
    assert records == [EXPECTED]
    assert findings(checked, "several-answers") == [("several-answers", 1, "ideal[0].content")]
    assert errors(checked) == []
    _, [record] = read_records(IDEAL)
    assert record.references == ("9 m",)
    checked, records = converted({**IDEAL, "ideal": []})
    assert records == []
    assert errors(checked)


def read_records(row: dict[str, Any]) -> tuple[FilePipeline, list[Record]]:
    source = MemorySource("t.jsonl", json.dumps(row).encode())
    pipeline = FilePipeline(source, RecordLimits(model(CLAUDE), "evaluation"), FieldNames(), Findings())
    return pipeline, list(pipeline.records())


def test_a_list_of_texts_beside_a_question_and_an_answer_is_no_conversation():
    checked, records = converted({"question": ASKED, "answer": ANSWERED, "data": ["a", "b"]})
    assert records == [{"messages": [USER, ASSISTANT]}]
    assert findings(checked, "left-out-field") == [("left-out-field", None, "data")]


def test_a_prompt_that_repeats_the_question_is_left_out_and_another_is_warned_of():
    record = {"prompt": f"{ASKED} ", "messages": [SYSTEM, USER, ASSISTANT]}
    checked, records = converted(record)
    assert records == [EXPECTED]
    assert findings(checked, "left-out-field") == []
    assert "prompt" in checked.fields.left_out
    checked, _ = converted({**record, "prompt": "Answer in French."})
    assert findings(checked, "left-out-field") == [("left-out-field", None, "prompt")]


MORE_ASKED, MORE_ANSWERED = "And pier 5?", "Six."
PAIRS: list[dict[str, Any]] = [
    {"conversation": [{"input": ASKED, "output": ANSWERED}, {"input": MORE_ASKED, "output": MORE_ANSWERED}]},
    {"conversations": [{"human": ASKED, "assistant": ANSWERED}, {"human": MORE_ASKED, "assistant": MORE_ANSWERED}]},
    {"turns": [{"id": 1, "question": ASKED, "answer": ANSWERED}, {"question": MORE_ASKED, "answer": MORE_ANSWERED}]},
]


@pytest.mark.parametrize("form", PAIRS, ids=str)
def test_a_list_of_questions_with_their_answers_is_one_conversation(form):
    name = next(iter(form))
    checked, records = converted(form, {name: [{"system": "Be kind.", **form[name][0]}]})
    more = [{"role": "user", "content": MORE_ASKED}, {"role": "assistant", "content": MORE_ANSWERED}]
    assert records == [{"messages": [USER, ASSISTANT, *more]}, EXPECTED]
    assert checked.fields.fields["messages"] == name
    assert findings(checked, "left-out-field") == []


def test_such_a_list_with_more_in_its_entries_is_refused_and_not_cut():
    entry = {"input": ASKED, "context": "Guide: pier 4.", "output": ANSWERED}
    checked, records = converted(PAIRS[0], {"conversation": [entry]})
    assert records == []
    assert [(error.line, error.field) for error in errors(checked)] == [(2, "conversation[0].role")]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_only_list_of_a_file_has_its_records_whatever_it_is_called(end):
    entries = [{"question": f"How deep is pier {at}?", "answer": ANSWERED} for at in range(8)]
    source = MemorySource("training.json", json.dumps({"conversations": entries}).encode() + end, 10**6)
    sink = MemorySink()
    convert(source, RecordLimits(model(NOVA), "training"), FieldNames(), sink)
    assert len((sink.committed or b"").splitlines()) == 8


def test_several_turns_in_a_template():
    text = "<s>[INST] a [/INST] b </s><s>[INST] c [/INST] d </s>"
    _, [record] = converted({"text": text})
    assert [message["content"] for message in record["messages"]] == ["a", "b", "c", "d"]


def test_a_text_about_a_template_is_a_text():
    _, [record] = converted({"question": "What is <|im_start|>user for?", "answer": "It begins a turn."})
    assert record["messages"][0]["content"] == "What is <|im_start|>user for?"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"type": "message", "user": "U1", "ts": "1700.0", "text": ASKED}, "a record is one message of a chat"),
        ({"id": 1, "from": "Anna", "date": "2026-01-01", "text": ASKED}, "a record is one message of a chat"),
        ({"author": "anna", "timestamp": "2026", "content": ASKED}, "a record is one message of a chat"),
        ({"title": "Piers", "mapping": {"a": {"message": None, "children": ["b"]}}}, "this is ChatGPT's export"),
        (
            {"message_id": "1", "parent_id": None, "text": ASKED, "role": "prompter"},
            "a record is one message of a conv",
        ),
        ({"message_tree_id": "1", "prompt": {"text": ASKED, "replies": []}}, "this is a tree of messages"),
    ],
    ids=["Slack", "Telegram", "Discord", "ChatGPT", "Open Assistant", "Open Assistant, trees"],
)
def test_single_messages_of_a_chat_are_named_as_what_they_are(record, words):
    checked, _ = converted(record)
    [found] = [finding for finding in checked.findings.kept if finding.rule == "record-kind"]
    assert found.message.startswith(words)
    assert found.remedy.startswith('Write {"messages": ')


@pytest.mark.parametrize(
    ("record", "words", "remedy"),
    [
        (
            {"text": ASKED, "label": "depth", "answer": "accept", "_input_hash": 7, "_task_hash": 8},
            "this is Prodigy's export: 'answer' says whether a person accepted the record",
            "Keep the accepted ones",
        ),
        (
            {"data": {"prompt": ASKED}, "annotations": [{"result": [{"value": {"text": [ANSWERED]}}]}]},
            "this is Label Studio's full export",
            "Export it as JSON-MIN",
        ),
        (
            {"fields": {"prompt": ASKED}, "responses": [{"values": {"answer": {"value": ANSWERED}}}]},
            "this is Argilla's own form of a record",
            'Write {"question": "...", "answer": "..."}',
        ),
        (
            {"segments": [{"label": False, "text": ASKED}, {"label": True, "text": ANSWERED}]},
            "this is Axolotl's form of segments",
            'Write {"messages": ',
        ),
        (
            {"recordId": "1", "modelInput": {"messages": [USER]}, "modelOutput": {"output": {"message": ASSISTANT}}},
            "this is the output of a batch inference job",
            'Write {"messages": ',
        ),
        ({"recordId": "1", "modelInput": {"messages": [USER]}}, "this is the input of a batch", 'Write {"messages": '),
        (
            {
                "schemaType": "ModelInvocationLog",
                "input": {"inputBodyJson": {"messages": [USER]}, "inputTokenCount": 5},
                "output": {"outputBodyJson": {"output": {"message": ASSISTANT}}},
            },
            "this is a log of model invocations",
            'Write {"messages": ',
        ),
    ],
    ids=["Prodigy", "Label Studio", "Argilla", "Axolotl", "batch output", "batch input", "invocation log"],
)
def test_exports_of_other_programs_are_named_as_what_they_are(record, words, remedy):
    checked, records = converted(record)
    assert records == []
    [found] = [finding for finding in checked.findings.kept if finding.rule == "record-kind"]
    assert found.message.startswith(words)
    assert found.remedy.startswith(remedy)


def test_turns_without_speakers_are_named():
    checked, _ = converted({"id": 1, "texts": [ASKED, ANSWERED]})
    [found] = errors(checked)
    assert "'texts' holds a list of texts: if they are the turns of a conversation" in found.message


@pytest.mark.parametrize("name", ["spans", "entities", "annotations"])
def test_parts_of_a_text_are_no_records_of_their_own(name):
    checked, records = converted({"text": ASKED, name: [{"text": "deep", "label": "depth"}]})
    assert records == []
    assert findings(checked, "missing-field")


@pytest.mark.parametrize(
    "record",
    [
        {"input": [{"role": "user", "content": ASKED}], "ideal": ANSWERED},
        {"input": {"messages": [{"role": "user", "content": ASKED}]}, "expectedOutput": ANSWERED},
        {"messages": [{"role": "user", "content": ASKED}], "answer": ANSWERED},
        {"items": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]},
    ],
    ids=["OpenAI evals", "Langfuse", "messages and answer", "ShareGPT, items"],
)
def test_the_answer_to_messages_can_be_a_text_beside_them(record):
    checked, [found] = converted(record)
    assert [message["content"] for message in found["messages"]] == [ASKED, ANSWERED]
    assert [finding.rule for finding in checked.findings.kept] == ["record-count"]


def test_a_text_with_a_label_is_no_message_of_a_chat():
    _, [record] = converted({"user": "u1", "date": "2026", "text": ASKED, "label": "depth"})
    assert [message["content"] for message in record["messages"]] == [ASKED, "depth"]


def test_a_template_that_is_not_known_is_named():
    checked, _ = converted({"text": f"<|human_turn|>{ASKED}<|robot_turn|>{ANSWERED}"})
    [found] = [finding for finding in checked.findings.kept if finding.rule == "missing-field"]
    assert "'text' seems to be in a chat template that is not known: it has '<|human_turn|>'." in found.message


def test_a_record_outside_of_the_template_is_refused():
    checked, _ = converted(FORMS["Llama 2"], {"text": "How deep? Nine."})
    assert findings(checked, "field-type") == [("field-type", 2, "text")]
    assert "is in no known chat template, unlike the first record." in str(checked.findings.kept)


IN_TEXT = [form for form, record in FORMS.items() if set(record) == {"text"}]


@pytest.mark.parametrize("first", IN_TEXT)
def test_a_later_record_may_be_in_another_template(first):
    checked, records = converted(*(FORMS[form] for form in (first, *IN_TEXT)))
    assert errors(checked) == []
    assert records == [EXPECTED] * (len(IN_TEXT) + 1)


@pytest.mark.parametrize(
    ("record", "answered"),
    [
        # A text with a label, a prompt with its completion, and texts about templates stay as they are.
        ({"text": "Customer: It broke.\nAgent: I am sorry.", "label": "complaint"}, "complaint"),
        ({"prompt": "Q: Is it open?\nA: Yes.\nQ: How deep?\nA:", "completion": "Nine."}, "Nine."),
        ({"prompt": "User: How deep?\nAssistant:", "completion": "Nine."}, "Nine."),
        ({"question": "What does '### Human: x' mean?", "answer": "A turn."}, "A turn."),
        ({"text": "Is A: a vitamin?", "label": "yes"}, "yes"),
    ],
    ids=str,
)
def test_a_text_that_is_not_the_whole_conversation_is_not_taken_apart(record, answered):
    _, [found] = converted(record)
    assert [message["content"] for message in found["messages"]] == [next(iter(record.values())), answered]


def test_a_prompt_with_earlier_turns_keeps_its_completion():
    prompt = "<|im_start|>user\nIs it open?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>user\nHow deep?<|im_end|>\n<|im_start|>assistant\n"  # noqa: E501
    _, [record] = converted({"prompt": prompt, "completion": "Nine."})
    assert [message["content"] for message in record["messages"]] == ["Is it open?", "Yes.", "How deep?", "Nine."]


def test_a_context_beside_messages_is_used():
    _, [record] = converted({"context": "Guide.", "messages": [USER, ASSISTANT]})
    assert record["messages"][0]["content"] == f"{ASKED}\n\nGuide."


CALL_AS_TEXT = '<tool_call>\n{"name": "depth"}\n</tool_call>'


@pytest.mark.parametrize(
    "text",
    [
        f"<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>assistant\n{CALL_AS_TEXT}<|im_end|>",
        f"<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>tool\n9<|im_end|>\n<|im_start|>assistant\n{ANSWERED}<|im_end|>",
        f"USER: {ASKED}\n\nFUNCTION RESPONSE: 9\n\nASSISTANT: {ANSWERED}",
    ],
    ids=["call", "result", "Glaive"],
)
def test_a_tool_call_in_a_template_is_named_as_what_it_is(text):
    checked, records = converted({"text": text})
    assert records == []
    assert [f.rule for f in checked.findings.kept if f.severity == "error"] == ["tool-use"]


def test_messages_in_pythons_notation_are_refused_with_the_reason():
    checked, _ = converted(FORMS["JSON in a cell"], {"messages": str([USER, ASSISTANT])})
    [error] = [finding for finding in checked.findings.kept if finding.severity == "error"]
    assert (error.line, error.field) == (2, "messages")
    assert "Python's notation" in error.message


def errors(checked: CheckedFile) -> list[Finding]:
    return [finding for finding in checked.findings.kept if finding.severity == "error"]


UNDESCRIBED = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
}


@pytest.mark.parametrize("given", [{}, {"tools": [{"type": "function", "function": {"name": "f"}}]}], ids=str)
def test_a_tool_that_is_not_described_is_looked_for_in_the_field_of_the_file(given):
    checked, _ = converted({"messages": [USER, UNDESCRIBED], **given})
    [error] = errors(checked)
    assert (error.field, "inputSchema" in error.message) == ("tools", False)


MEDIA = [
    ("an image", [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
    ("an image", [{"type": "text", "text": "See"}, {"type": "image", "source": {}}]),
    ("audio", [{"type": "input_audio", "input_audio": {"data": "x"}}]),
    ("a file", [{"type": "file", "file": {"file_id": "x"}}]),
    ("a video", [{"video": {"format": "mp4"}}]),
    ("reasoning", [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "See"}]),
]


@pytest.mark.parametrize(("what", "content"), MEDIA)
def test_what_is_not_a_text_is_refused_by_its_name(what, content):
    checked, _ = converted({"messages": [{"role": "user", "content": content}, ASSISTANT]})
    error = next(finding for finding in checked.findings.kept if finding.severity == "error")
    assert (error.rule, error.field) == ("media", "messages[0]")
    assert f"has {what}" in error.message
