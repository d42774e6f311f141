"""Document blocks: the limits of the API, and pairs from the sentences of documents."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from local.bedrock.tools import judge_server
from tests.unit.generation.samples import LIMITS, MemoryReplies, docx, pdf, source
from tuner.aws.bedrock.tool_call import Attachment, fill_in_tool
from tuner.generation import Deduplicator, GeneratorModel, PairGenerator, read_documents
from tuner.generation.requests import tool_for

JUDGE = "us.anthropic.claude-sonnet-4-6"
SENTENCES = (
    "Provisioned Throughput is capacity that is reserved for one model.",
    "Model units are the measure in which that capacity is bought.",
    "A commitment can last one month or six months.",
    "Nova records hold between eight and twenty thousand conversations.",
)
TEXT = "\n\n".join(SENTENCES)


def ask(runtime, *documents, count=4, text="Record pairs.", model=JUDGE):
    return fill_in_tool(model, "Write.", text, tool_for(count), {"maxTokens": 500}, runtime, documents)


def document(data, kind="txt", name="Document"):
    return Attachment(name, kind, data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("txt", TEXT.encode()),
        ("md", f"# Serving\n\n{TEXT}\n\n```\nThe code is not a sentence of the document.\n```".encode()),
        ("html", f"<html><p>{'</p><p>'.join(SENTENCES)}</p><script>The script is not a sentence.</script>".encode()),
        ("docx", docx(*SENTENCES)),
        ("pdf", pdf("\n".join(SENTENCES[:2]), "\n".join(SENTENCES[2:]))),
    ],
)
def test_pairs_come_from_the_documents_sentences_and_name_the_stand_in(runtime, kind, data):
    reply = ask(runtime, document(data, kind))
    pairs = reply.arguments["pairs"]
    assert {each["passage"] for each in pairs} == set(SENTENCES)
    assert [each["question"] for each in pairs] == [
        "What is Provisioned Throughput?",
        "What are Model units?",
        "What can a commitment do?",
        'How does this statement go on: "Nova records hold between eight and ..."?',
    ]
    assert (reply.stand_in, reply.stop_reason) == ("sentence extractor", "tool_use")
    assert reply.input_tokens > len(TEXT) // 4


def test_pairs_are_limited_and_without_known_questions(runtime):
    assert len(ask(runtime, document(TEXT.encode()), count=2).arguments["pairs"]) == 2
    earlier = "<already_asked>\nWhat is Provisioned Throughput?\nWhat are Model units?\n</already_asked>"
    pairs = ask(runtime, document(TEXT.encode()), text=earlier).arguments["pairs"]
    assert [each["answer"] for each in pairs] == list(SENTENCES[2:])


@pytest.mark.slow
def test_validation_data_can_be_generated_with_it(runtime):
    def converse(model, system, text, tool, inference, documents):
        return fill_in_tool(model, system, text, tool, inference, runtime, documents)

    library = read_documents({"a.pdf": source(pdf(*SENTENCES)), "b.txt": source(b"Nothing.")})
    made = PairGenerator(
        library.chunks, 4, GeneratorModel(JUDGE, MemoryReplies(), converse), LIMITS, Deduplicator()
    ).run()
    assert {pair.passage for pair in made.pairs} == set(SENTENCES)
    assert {(pair.document, pair.place) for pair in made.pairs} == {("a.pdf", "pages 1 to 4")}


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([document(b"x", name=f"Document {n}") for n in range(6)], "can't include more than 5 documents"),
        ([document(b"x"), document(b"y")], "can't contain duplicate document names"),
        ([document(b"x", name="report.pdf")], "file name can only contain alphanumeric"),
        ([document(b"x", name="two  spaces")], "file name can only contain alphanumeric"),
        ([document(b"x" * 4_500_001)], "maximum size of 4.5 MB"),
        ([document(b"x", kind="csv")], "reads docx, html, md, pdf, txt; found csv"),
        ([document(b"%PDF-1.4", kind="pdf")], "The document 'Document' could not be read: it is damaged"),
        ([document(b"\xff\xfe")], "could not be read: it is UTF-16"),
        ([document(b"x", kind="exe")], "Member must satisfy enum value set"),
    ],
)
def test_the_limits_of_the_api_are_checked(runtime, documents, said):
    with pytest.raises(Exception, match=said):
        ask(runtime, *documents)


def test_a_document_needs_a_text_block_and_a_tool(runtime):
    block = {"document": {"name": "Document", "format": "txt", "source": {"bytes": TEXT.encode()}}}
    with pytest.raises(ClientError, match="must include a text block too"):
        runtime.converse(modelId=JUDGE, messages=[{"role": "user", "content": [block]}])
    with pytest.raises(ClientError, match="only for a forced tool"):
        runtime.converse(modelId=JUDGE, messages=[{"role": "user", "content": [block, {"text": "Sum it up."}]}])


def test_a_judge_server_gets_documents_as_text(runtime, bedrock, monkeypatch):
    bedrock.state.settings = bedrock.state.settings.model_copy(
        update={"judge_url": "http://judge.test/v1", "judge_model": "qwen"}
    )
    sent = []

    def request(method, url, body=None, **_):
        sent.append(json.loads(body))
        call = {"function": {"name": "record_pairs", "arguments": '{"pairs": []}'}}
        return SimpleNamespace(status=200, data=json.dumps({"choices": [{"message": {"tool_calls": [call]}}]}).encode())

    monkeypatch.setattr(judge_server._pool, "request", request)
    reply = ask(runtime, document(b"a </document> b"), text="Record pairs.")
    assert (reply.arguments, reply.stand_in) == ({"pairs": []}, "qwen at LOCAL_JUDGE_URL")
    assert sent[0]["messages"][-1]["content"] == "<document>\na &lt;/document&gt; b\n</document>\n\nRecord pairs."
