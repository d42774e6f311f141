"""Data in a family's own format is accepted and refused as by AWS's published validators.

Which of these records AWS's validators accept was read from their code: amazon-nova-samples
(nova_ft_dataset_validator.py), amazon-bedrock-samples (claude-haiku data_validation.py, meta-llama
dataset_validation.py). What we refuse beyond them is marked and listed in docs/datasets.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.datasets.memory_files import CLAUDE, NOVA, MemorySource, pairs
from tuner.catalog import model
from tuner.datasets import RecordLimits, check
from tuner.settings import FieldNames

LLAMA = "meta.llama3-2-1b-instruct-v1:0:128k"
VERSION = "bedrock-conversation-2024"


def converse(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    messages = [{"role": role, "content": [{"text": text}] if isinstance(text, str) else text} for role, text in turns]
    return {"schemaVersion": VERSION, "system": [{"text": "s"}], "messages": messages, **more}


def claude(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns], **more}


Q, A = ("user", "q"), ("assistant", "a")
RESERVED = ["System:", "SYSTEM:", "USER:", "BOT:", "Thought:", "[EOS]", "<unk>", "<video>"]
CASES: list[tuple[str, str, dict[str, Any], bool]] = [
    # what, model, record, whether AWS accepts it
    ("nova pair", NOVA, converse(Q, A), True),
    ("nova two turns", NOVA, converse(Q, A, Q, A), True),
    ("nova no system", NOVA, {"messages": converse(Q, A)["messages"]}, True),
    ("nova unknown member", NOVA, converse(Q, A, id=7), True),
    ("nova two system blocks", NOVA, converse(Q, A, system=[{"text": "a"}, {"text": "b"}]), True),
    ("nova two text blocks", NOVA, converse(("user", [{"text": "a"}, {"text": "b"}]), A), True),
    ("nova lower case", NOVA, converse(("user", "assistant: hi"), A), True),
    ("nova empty answer", NOVA, converse(Q, ("assistant", "")), False),
    ("nova assistant first", NOVA, converse(A, Q), False),
    ("nova user last", NOVA, converse(Q, A, Q), False),
    ("nova user twice", NOVA, converse(Q, Q, A), False),
    ("nova one turn", NOVA, converse(Q), False),
    ("nova no turns", NOVA, converse(), False),
    ("nova other role", NOVA, converse(("human being", "q"), A), False),
    ("nova image for Micro", NOVA, converse(("user", [{"image": {"format": "png"}}]), A), False),
    ("nova content is a number", NOVA, converse(("user", 5), A), False),
    *[(f"nova {text} in a question", NOVA, converse(("user", f"x {text} y"), A), False) for text in RESERVED],
    *[(f"nova {text} in an answer", NOVA, converse(Q, ("assistant", text)), False) for text in RESERVED],
    ("nova reserved in system", NOVA, converse(Q, A, system=[{"text": "User: x"}]), False),
    ("nova human for user", NOVA, converse(("human", "q"), A), False),
    ("nova User for user", NOVA, converse(("User", "q"), A), False),
    ("nova system as a turn", NOVA, converse(("system", "s"), Q, A), False),
    ("nova content is a text", NOVA, {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, False),  # noqa: E501
    ("nova system is a text", NOVA, converse(Q, A, system="s"), False),
    ("nova schema version is a number", NOVA, converse(Q, A, schemaVersion=2024), False),
    ("nova another schema version", NOVA, converse(Q, A, schemaVersion="x"), True),
    ("nova from and value", NOVA, {"messages": [{"from": "user", "value": [{"text": "q"}]}, {"from": "assistant", "value": [{"text": "a"}]}]}, False),  # noqa: E501
    ("nova unknown member of a block", NOVA, converse(("user", [{"text": "q", "id": 7, "image": None}]), A), True),
    ("nova empty block beside a text", NOVA, converse(("user", [{"text": ""}, {"text": "q"}]), A), True),
    ("nova block without a text", NOVA, converse(("user", [{"text": None}]), A), False),
    ("nova message is a text", NOVA, {"messages": ["q", "a"]}, False),
    ("claude pair", CLAUDE, claude(Q, A), True),
    ("claude system", CLAUDE, claude(Q, A, system="s"), True),
    ("claude two turns", CLAUDE, claude(Q, A, Q, A), True),
    ("claude unknown member", CLAUDE, claude(Q, A, id=7), True),
    ("claude reserved by Nova", CLAUDE, claude(("user", "User: x"), A), True),
    ("claude tokens at the limit", CLAUDE, claude(Q, ("assistant", "x" * 96_002)), True),
    ("claude tokens over it", CLAUDE, claude(Q, ("assistant", "x" * 96_003)), False),
    ("claude system counts", CLAUDE, claude(Q, ("assistant", "x" * 95_000), system="x" * 2_000), False),
    ("claude user last", CLAUDE, claude(Q, A, Q), False),
    ("claude assistant first", CLAUDE, claude(A, Q, A), False),
    ("claude one turn", CLAUDE, claude(Q), False),
    ("claude twice", CLAUDE, claude(Q, A, A), False),
    ("claude no messages", CLAUDE, {"system": "s"}, False),
    ("claude system is a number", CLAUDE, claude(Q, A, system=5), False),
    ("claude content is null", CLAUDE, claude(Q, ("assistant", None)), False),
    ("claude message without role", CLAUDE, {"messages": [{"content": "q"}, {"role": "assistant", "content": "a"}]}, False),  # noqa: E501
    ("llama pair", LLAMA, converse(Q, A), True),
    ("llama system is a text", LLAMA, converse(Q, A, system="be kind"), False),
    ("llama content is a text", LLAMA, {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, False),  # noqa: E501
    ("llama other role", LLAMA, converse(("someone", "q"), A), False),
    ("llama no text", LLAMA, converse(("user", [{"words": "q"}]), A), False),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("base_model", "record", "accepted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_verdict(base_model, record, accepted):
    good = claude if base_model == CLAUDE else converse
    others = [good(("user", pair["question"]), ("assistant", pair["answer"])) for pair in pairs(120)]
    data = "".join(json.dumps(entry) + "\n" for entry in [*others, record]).encode()
    checked = check(
        MemorySource("training.jsonl", data, 10**6), RecordLimits(model(base_model), "training"), FieldNames()
    )
    assert checked.ready is accepted, [str(finding) for finding in checked.findings.kept]


@pytest.mark.slow
@pytest.mark.parametrize("base_model", [NOVA, CLAUDE, LLAMA])
@pytest.mark.parametrize("blank", [b"\n", b"  \n"])
def test_a_blank_line_is_refused_in_a_familys_own_format(base_model, blank):
    good = claude if base_model == CLAUDE else converse
    data = "".join(json.dumps(good(("user", p["question"]), A)) + "\n" for p in pairs(120)).encode()
    for text, accepted in ((data, True), (data + blank, False)):
        source = MemorySource("training.jsonl", text, 10**6)
        assert check(source, RecordLimits(model(base_model), "training"), FieldNames()).ready is accepted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base_model", "record", "names"),
    [
        (NOVA, converse(Q, A, id=7), "the format does not have the member 'id'."),
        (CLAUDE, claude(Q, A, id=7, schemaVersion="x"), "the format does not have the members 'id', 'schemaVersion'."),
        (
            CLAUDE,
            {"messages": [{"role": "user", "content": "q", "weight": 0}, {"role": "assistant", "content": "a"}]},
            "the format does not have the member 'messages[0].weight'.",
        ),
        ("meta.llama3-1-8b-instruct-v1:0:128k", {"prompt": "q", "completion": "a", "x": 1}, "have the member 'x'"),
    ],
)
def test_unknown_members_are_said_and_accepted(base_model, record, names):
    data = (json.dumps(record) + "\n").encode() * 300
    checked = check(
        MemorySource("training.jsonl", data, 10**6), RecordLimits(model(base_model), "training"), FieldNames()
    )
    assert checked.ready
    assert checked.findings.counts["unknown-member"] == 300
    found = next(finding for finding in checked.findings.kept if finding.rule == "unknown-member")
    assert (found.severity, found.line) == ("warning", 1)
    assert names in found.message


def test_members_of_other_formats_are_no_finding():
    data = (json.dumps({"question": "q", "answer": "a", "id": 7}) + "\n").encode() * 40
    checked = check(MemorySource("training.jsonl", data, 10**6), RecordLimits(model(CLAUDE), "training"), FieldNames())
    assert "unknown-member" not in checked.findings.counts
