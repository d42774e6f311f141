"""Datasets in every file format and schema become records of the model family."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from tests.unit.datasets.good_files import as_csv, as_parquet, as_tsv
from tests.unit.datasets.memory_files import CLAUDE, LLAMA, NOVA, jsonl, pairs
from tests.unit.datasets.reading.zstandard import zstd

VALIDATION = jsonl(pairs(32, 1000))


FORMS = {
    "array": ("training.json", lambda records: json.dumps(records).encode()),
    "indented array": ("training.json", lambda records: json.dumps(records, indent=2, ensure_ascii=False).encode()),
    "array on one line with byte-order mark": ("training.json", lambda r: b"\xef\xbb\xbf" + json.dumps(r).encode()),
    "lines": ("training.jsonl", jsonl),
    "lines with Windows line ends": ("training.jsonl", lambda records: jsonl(records).replace(b"\n", b"\r\n")),
    "lines, the last one open": ("training.jsonl", lambda records: jsonl(records).rstrip()),
    "array called jsonl": ("training.jsonl", lambda records: json.dumps(records).encode()),
    "lines called json": ("training.json", jsonl),
    "csv": ("training.csv", as_csv),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chunk", [1, 7, 64, 4096, 10**6])
def test_every_format_gives_the_same_records(run, form, chunk):
    name, write = FORMS[form]
    outcome = run({name: write(pairs(40)), "validation.jsonl": VALIDATION}, chunk=chunk, system_prompt="Be kind.")
    assert outcome.errors == []
    assert outcome.training == [
        {
            "system": "Be kind.",
            "messages": [
                {"role": "user", "content": record["question"]},
                {"role": "assistant", "content": record["answer"]},
            ],
        }
        for record in pairs(40)
    ]


def test_converse_format(run):
    outcome = run({"training.jsonl": jsonl(pairs(8)), "validation.jsonl": jsonl(pairs(1, 50))}, NOVA, system_prompt="S")
    assert outcome.training[0] == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "S"}],
        "messages": [
            {"role": "user", "content": [{"text": "What is part 0?"}]},
            {"role": "assistant", "content": [{"text": "Part 0 is «0».\n"}]},
        ],
    }


def test_converse_format_has_no_empty_system_prompt(run):
    outcome = run({"training.jsonl": jsonl(pairs(8)), "validation.jsonl": jsonl(pairs(1, 50))}, NOVA)
    assert set(outcome.training[0]) == {"schemaVersion", "messages"}


def test_prompt_completion_format_puts_the_system_prompt_in_front(run):
    outcome = run({"training.jsonl": jsonl(pairs(120)), "validation.jsonl": VALIDATION}, LLAMA, system_prompt="S")
    assert outcome.training[3] == {"prompt": "S\n\nWhat is part 3?", "completion": "Part 3 is «3».\n"}


@pytest.mark.parametrize(
    ("record", "prompt", "completion"),
    [
        ({"prompt": "p", "completion": "c"}, "p", "c"),
        ({"sentence1": "p", "sentence2": "c"}, "p", "c"),
        ({"instruction": "p", "input": "", "output": "c"}, "p", "c"),
        ({"instruction": "p", "input": "i", "output": "c"}, "p\n\ni", "c"),
        ({"instruction": "p", "context": "i", "response": "c", "category": "qa"}, "p\n\ni", "c"),
        ({"Question": "p", "Answer": "c", "id": 7}, "p", "c"),
        ({"id": "x", "data": {"question": "p", "answer": "c"}}, "p", "c"),
        ({"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "c"}]}, "p", "c"),
        (
            {
                "system": "s",
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "p"}]},
                    {"role": "assistant", "content": "c"},
                ],
            },
            "p",
            "c",
        ),
        ({"conversations": [{"from": "human", "value": "p"}, {"from": "gpt", "value": "c"}]}, "p", "c"),
        (
            {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [
                    {"role": "user", "content": [{"text": "p"}]},
                    {"role": "assistant", "content": [{"text": "c"}]},
                ],
            },
            "p",
            "c",
        ),
    ],
)
def test_fields_are_detected(run, record, prompt, completion):
    outcome = run({"training.jsonl": jsonl([record] * 40), "validation.jsonl": VALIDATION})
    assert outcome.errors == []
    assert [message["content"] for message in outcome.training[0]["messages"]] == [prompt, completion]


PUBLISHED = {
    # The fields of each file. The second and third are JSON arrays, the names of whose fields are as the scripts that
    # load kunishou/databricks-dolly-15k-ja and bbz662bbz/databricks-dolly-15k-ja-gozaru read them.
    "databricks-dolly-15k": (
        "training.jsonl",
        {"instruction": "p {n}", "context": "c", "response": "r {n}", "category": "closed_qa"},
    ),
    "databricks-dolly-15k-ja": (
        "training.json",
        {"output": "r {n}", "input": "c", "index": "{n}", "category": "closed_qa", "instruction": "p {n}"},
    ),
    "databricks-dolly-15k-ja-gozaru": (
        "training.json",
        {"output": "r {n}", "input": "c", "index": "{n}", "category": "closed_qa", "instruction": "p {n}"},
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("context", ["", "文脈 «c»\n"])
def test_published_instruction_datasets(run, name, context):
    file, fields = PUBLISHED[name]
    records = [{key: context if text == "c" else text.format(n=n) for key, text in fields.items()} for n in range(40)]
    data = jsonl(records) if file.endswith("l") else json.dumps(records, ensure_ascii=False, indent=2).encode()
    outcome = run({file: data, "validation.jsonl": VALIDATION}, chunk=2**12)
    assert outcome.errors == []
    asked = f"p 7\n\n{context}" if context else "p 7"
    assert [message["content"] for message in outcome.training[7]["messages"]] == [asked, "r 7"]


@pytest.mark.parametrize("text", ["look", ""])
def test_an_image_is_an_error(run, text):
    blocks = [{"text": text, "image": {"format": "png"}}, {"text": "What is it?"}]
    turns = [{"role": "user", "content": blocks}, {"role": "assistant", "content": [{"text": "A bed."}]}]
    outcome = run({"training.jsonl": jsonl([{"messages": turns}] * 10), "validation.jsonl": jsonl(pairs(1))}, NOVA)
    assert {finding.rule for finding in outcome.errors} == {"media"}


def test_fields_of_the_settings_take_precedence(run):
    records = [{"question": "no", "answer": "no", "frage": "p", "antwort": "c"}] * 40
    fields = {"prompt": "frage", "completion": "antwort"}
    outcome = run({"training.jsonl": jsonl(records), "validation.jsonl": jsonl(records)}, fields=fields)
    assert [message["content"] for message in outcome.training[0]["messages"]] == ["p", "c"]


def test_the_system_prompt_of_a_record_takes_precedence(run):
    records = [{"system": "own", **pair} for pair in pairs(20)] + [{"system": "", **pair} for pair in pairs(20)]
    outcome = run({"training.jsonl": jsonl(records), "validation.jsonl": VALIDATION}, system_prompt="run's")
    assert {record["system"] for record in outcome.training[:20]} == {"own"}
    assert {record["system"] for record in outcome.training[20:]} == {"run's"}


def test_several_turns(run):
    turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    record = {"messages": [{"role": "system", "content": "s"}, *({"role": r, "content": t} for r, t in turns)]}
    outcome = run({"training.jsonl": jsonl([record] * 40), "validation.jsonl": VALIDATION})
    assert outcome.training[0] == {"system": "s", "messages": record["messages"][1:]}


def test_text_is_kept_exactly(run):
    text = ' \tünïcödé 日本語 \U0001f600\u2028\x7f\\ "quoted" </script> \r\n end \u200b'
    record = {"question": text, "answer": text}
    data = (json.dumps(record) + "\n").encode() * 20 + jsonl([record]) * 20
    outcome = run({"training.jsonl": data, "validation.jsonl": VALIDATION}, chunk=5)
    assert {message["content"] for record in outcome.training for message in record["messages"]} == {text}


def test_evaluation_questions_have_stable_unique_ids(run):
    questions = [*pairs(2), *pairs(1)]
    files = {"training.jsonl": jsonl(pairs(40, 100)), "validation.jsonl": VALIDATION}
    first = run({**files, "evaluation.json": json.dumps(questions).encode()}, system_prompt="S").evaluation
    later = run({**files, "evaluation.jsonl": jsonl(pairs(5, 70) + questions)}, CLAUDE).evaluation
    assert [question["id"] for question in first] == [question["id"] for question in later[5:]]
    assert len({question["id"] for question in first}) == 3
    assert first[0] == {
        "id": first[0]["id"],
        "question": "What is part 0?",
        "reference": "Part 0 is «0».\n",
        "system": "S",
    }


def test_without_an_evaluation_file_the_validation_records_are_the_questions(run):
    outcome = run({"training.jsonl": jsonl(pairs(100))})
    summary = outcome.prepared.summary
    assert (summary.validation_from, summary.evaluation_from) == ("held out", "validation")
    assert len(outcome.evaluation) == len(outcome.validation) == summary.evaluation_records == 32
    assert [question["question"] for question in outcome.evaluation] == [
        record["messages"][0]["content"] for record in outcome.validation
    ]


def test_summary_counts_tokens_as_the_family_does(run):
    outcome = run(
        {"training.jsonl": jsonl([{"question": "123", "answer": "456"}] * 40), "validation.jsonl": VALIDATION}
    )
    assert outcome.prepared.summary.training_tokens == 40 * 2


PACKINGS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd.compress, "": bytes}


UNPACKED = {"jsonl": jsonl, "json": lambda records: json.dumps(records).encode(), "csv": as_csv, "tsv": as_tsv}


@pytest.mark.slow
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("ending", [*UNPACKED, "parquet"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.thorough
def test_compressed_files_and_byte_order_marks(run, packing, ending, mark):
    data = as_parquet(pairs(40)) if ending == "parquet" else mark + UNPACKED[ending](pairs(40))
    name = f"training.{ending}.{packing}".rstrip(".")
    outcome = run({name: PACKINGS[packing](data), "validation.jsonl": VALIDATION})
    assert outcome.errors == []
    assert [record["messages"][1]["content"] for record in outcome.training] == [r["answer"] for r in pairs(40)]


def test_csv_with_semicolons(run):
    rows = "".join(f"What, is {n}?;It, is {n}.\n" for n in range(40))
    outcome = run({"training.csv": ("question;answer\n" + rows).encode(), "validation.jsonl": VALIDATION})
    assert outcome.training[7]["messages"][0]["content"] == "What, is 7?"


def test_a_column_with_a_line_break_in_its_name(run):
    rows = "".join(f'"Is it\n{n}?",It is {n}.\n' for n in range(40))
    data = ('question,"answer\n"\n' + rows).encode()
    outcome = run({"training.csv": data, "validation.jsonl": VALIDATION})
    assert outcome.training[7]["messages"] == [
        {"role": "user", "content": "Is it\n7?"},
        {"role": "assistant", "content": "It is 7."},
    ]


@pytest.mark.slow
def test_nested_names_in_parquet(run):
    outcome = run({"training.parquet": as_parquet(pairs(40), nested=True), "validation.jsonl": VALIDATION})
    assert outcome.training[7]["messages"][0]["content"] == "What is part 7?"
