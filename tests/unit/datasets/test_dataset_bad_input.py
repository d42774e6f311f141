"""Every kind of bad input gets one clear finding with its file, line and remedy, and nothing is written."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.unit.datasets.memory_files import CLAUDE, LLAMA, NOVA, NOVA_2, jsonl, pairs
from tuner.catalog import model
from tuner.datasets import refusal
from tuner.datasets.counts import record_counts
from tuner.datasets.reading.compressed import zstd

GOOD = jsonl(pairs(40))
VALIDATION = jsonl(pairs(32, 1000))


def broken_line(text: str) -> bytes:
    return GOOD + text.encode() + b"\n" + jsonl(pairs(1, 99))


def damaged(data: bytes) -> bytes:
    return data[:60] + b"\xff" * 30 + data[90:]


def nested(depth: int) -> str:
    return '{"question": ' + "[" * depth + "]" * depth + ', "answer": "a"}'


# fmt: off
CASES: dict[str, tuple[str, bytes, str, int | None, str]] = {
    # what: file, bytes, rule, line, words of the message
    "empty file": ("training.jsonl", b"", "empty-file", None, "no records"),
    "nothing but space": ("training.json", b" \n\n ", "empty-file", None, "no records"),
    "an array of nothing": ("training.json", b"[ ]", "empty-file", None, "no records"),
    "a header alone": ("training.csv", b"question,answer\n", "empty-file", None, "no records"),
    "not JSON": ("training.json", b"Dear all, here is the data\n", "json", 1, "not valid JSON"),
    "a CSV called json": ("training.json", b"question,answer\nq,a\n", "json", 1, "not valid JSON"),
    "a ZIP renamed": ("training.json", b"PK\x03\x04" + b"\0" * 100, "file-format", None, "ZIP"),
    "UTF-16": ("training.json", "[{}]".encode("utf-16"), "file-format", None, "UTF-16"),
    "truncated array": ("training.json", b"[" + GOOD.replace(b"\n", b",\n")[:-30], "truncated", 40, "cut off"),
    "array without its end": ("training.json", b"[" + GOOD.replace(b"\n", b",\n"), "truncated", 41, "cut off"),
    "truncated lines": ("training.jsonl", GOOD[:-20], "truncated", 40, "cut off"),
    "Latin-1 lines": ("training.jsonl", broken_line('{"question": "X", "answer": "Y"}').replace(b"X", b"\xe9"), "utf-8", 41, "0xE9"),  # noqa: E501
    "Latin-1 array": ("training.json", b'[{"question": "q",\n "answer": "caf\xe9"}]', "utf-8", 2, "0xE9"),
    "Latin-1 CSV": ("training.csv", b"question,answer\nq,a\nq,caf\xe9\n", "utf-8", 3, "0xE9"),
    "missing field": ("training.jsonl", broken_line('{"question": "q"}'), "missing-field", 41, "is missing"),
    "missing field in an array": ("training.json", b'[{"question": "q", "answer": "a"},\n{"question": "q"}]', "missing-field", 2, "is missing"),  # noqa: E501
    "unknown fields": ("training.jsonl", b'{"frage": "q", "antwort": "a"}\n', "missing-field", 1, "found 'frage', 'antwort'"),  # noqa: E501
    "empty answer": ("training.jsonl", broken_line('{"question": "q", "answer": ""}'), "empty-text", 41, "is empty"),
    "blank answer": ("training.jsonl", broken_line('{"question": "q", "answer": " \\n"}'), "empty-text", 41, "white space"),  # noqa: E501
    "null answer": ("training.jsonl", broken_line('{"question": "q", "answer": null}'), "empty-text", 41, "null"),
    "a number for an answer": ("training.jsonl", broken_line('{"question": "q", "answer": 4}'), "field-type", 41, "a number"),  # noqa: E501
    "a text for a record": ("training.jsonl", broken_line('"question"'), "record-kind", 41, "object"),
    "NaN": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "score": NaN}'), "json", 41, "NaN"),
    "a name twice": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "answer": "b"}'), "duplicate-field", 41, "twice"),  # noqa: E501
    "half a letter": ("training.jsonl", broken_line('{"question": "q", "answer": "\\ud83d"}'), "unicode", 41, "surrogate"),  # noqa: E501
    "deep nesting": ("training.jsonl", broken_line(nested(100_000)), "nesting", 41, "nested"),
    "deep nesting in an array": ("training.json", b"[" + nested(100_000).encode() + b"]", "nesting", 1, "nested"),
    "two on a line": ("training.jsonl", broken_line('{"question": "q", "answer": "a"}{"question": "q", "answer": "a"}'), "json", 41, "Extra data"),  # noqa: E501
    "no comma": ("training.json", b'[{"question": "q", "answer": "a"}\n{"question": "q", "answer": "a"}]', "json", 2, "','"),  # noqa: E501
    "comma at the end": ("training.json", b'[{"question": "q", "answer": "a"},\n]', "json", 2, "comma"),
    "more after the end": ("training.json", b'[{"question": "q", "answer": "a"}]\n[]', "json", 2, "more after"),
    "open quote in a CSV": ("training.csv", b'question,answer\n"q","a"\nq,"a\nq,a\n', "csv-quotes", 3, "never closed"),
    "too many values in a CSV row": ("training.csv", b"question,answer\nq,a\nq,a,b\n", "csv-columns", 3, "3 values"),
    "gzip cut off": ("training.jsonl.gz", gzip.compress(GOOD)[:-20], "truncated", None, "cut off"),
    "gzip damaged": ("training.jsonl.gz", damaged(gzip.compress(GOOD)), "compression", None, "damaged"),
    "gzip packed twice": ("training.jsonl.gz", gzip.compress(gzip.compress(GOOD)), "file-format", None, "twice"),
    "gzip of nothing": ("training.jsonl.gz", gzip.compress(b""), "empty-file", None, "no records"),
    "zstd cut off": ("training.jsonl.zst", zstd.compress(GOOD)[:-20], "truncated", None, "cut off"),
    "zstd damaged": ("training.jsonl.zst", damaged(zstd.compress(GOOD)), "compression", None, "damaged"),
    "Parquet cut off": ("training.parquet", b"PAR1" + bytes(500), "truncated", None, "cut off"),
    "Parquet damaged": ("training.parquet", b"PAR1" + bytes(500) + b"\x10\0\0\0PAR1", "parquet", None, "cannot be read"),  # noqa: E501
    "a column twice": ("training.csv", b"question,answer,answer\nq,a,b\n", "duplicate-field", 1, "more than once"),
}
# fmt: on


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [16, 100_000])
def test_each_is_one_clear_finding(run, case, chunk):
    name, data, rule, line, words = CASES[case]
    outcome = run({name: data, "validation.jsonl": VALIDATION}, chunk=chunk)
    found = [finding for finding in outcome.errors if (finding.line, finding.rule) != (None, "record-count")]
    assert [(finding.rule, finding.line) for finding in found] == [(rule, line)]
    assert len(data) < 400 or found == outcome.errors, "a short file may have too few records too"
    assert found[0].file == name
    assert words in found[0].message
    assert found[0].remedy.endswith(".")
    assert all(sink.committed is None and sink.written == b"" for sink in outcome.sinks.values())


@pytest.mark.parametrize(
    ("base_model", "training", "validation", "words"),
    [
        (CLAUDE, 31, 32, "training data has 31 records; Claude 3 Haiku needs at least 32"),
        (CLAUDE, 32, 31, "validation data has 31 records"),
        (CLAUDE, 32, 1001, "validation data has 1,001 records; Claude 3 Haiku takes at most 1,000"),
        (CLAUDE, 9_900, 101, "training and validation together have 10,001 records"),
        (NOVA, 7, 1, "training data has 7 records; Nova Micro needs at least 8"),
        (LLAMA, 99, 10, "training data has 99 records"),
        (LLAMA, 100, 1001, "validation data has 1,001 records"),
        (NOVA_2, 199, 10, "training data has 199 records"),
    ],
)
def test_counts(base_model, training, validation, words):
    [flaw] = record_counts(model(base_model), {"training": training, "validation": validation})
    assert flaw.rule == "record-count"
    assert words in flaw.message


@pytest.mark.parametrize(("training", "validation"), [(32, 32), (9_000, 1_000)])
def test_counts_within_the_limits(training, validation):
    assert list(record_counts(model(CLAUDE), {"training": training, "validation": validation})) == []


def test_counts_are_checked_in_a_dataset(run):
    outcome = run({"training.jsonl": jsonl(pairs(31)), "validation.jsonl": VALIDATION})
    assert [(finding.rule, finding.file) for finding in outcome.errors] == [("record-count", "training.jsonl")]


def test_a_record_over_the_token_limit(run):
    within = {"question": "qq", "answer": "é" * 96_002}  # AWS's validators round down, text by text
    over = {"question": "q", "answer": "é" * 96_003}
    records = [*pairs(40), within, over, {**over, "question": ""}]
    outcome = run({"training.jsonl": jsonl(records), "validation.jsonl": VALIDATION}, chunk=2**20)
    assert [(finding.rule, finding.line, finding.field) for finding in outcome.errors] == [
        ("record-tokens", 42, "answer"),
        ("empty-text", 43, "question"),
        ("record-tokens", 43, "answer"),
    ]
    assert "32,001 tokens" in outcome.errors[0].message


@pytest.mark.parametrize("reserved", model(NOVA).family.reserved_strings)
def test_reserved_strings_of_nova(run, reserved):
    records = [*pairs(10), {"question": f"a {reserved} b", "answer": "a"}, {"question": "q", "answer": reserved}]
    outcome = run({"training.jsonl": jsonl(records), "validation.jsonl": jsonl(pairs(1))}, NOVA)
    assert [(finding.line, finding.field) for finding in outcome.errors] == [(11, "question"), (12, "answer")]
    assert f"'{reserved}' is reserved" in outcome.errors[0].message


def test_reserved_strings_are_nothing_to_other_families(run):
    records = [*pairs(40), {"question": "User: hi", "answer": "Bot: hi"}]
    assert run({"training.jsonl": jsonl(records), "validation.jsonl": VALIDATION}).errors == []


def test_reserved_strings_in_the_runs_system_prompt(run):
    files = {"training.jsonl": jsonl(pairs(10)), "validation.jsonl": jsonl(pairs(1))}
    outcome = run(files, NOVA, system_prompt="Answer after [EOS]")
    assert [(finding.file, finding.field) for finding in outcome.errors] == [("run.yaml", "system_prompt")]


def test_all_errors_come_in_one_pass(run):
    training = broken_line('{"question": "q"}') + b'{"question": "", "answer": ""}\n'
    validation = b"question,answer\nq,\n"
    outcome = run({"training.jsonl": training, "validation.csv": validation, "evaluation.json": b""})
    assert [(finding.file, finding.line, finding.rule) for finding in outcome.errors] == [
        ("training.jsonl", 41, "missing-field"),
        ("training.jsonl", 43, "empty-text"),
        ("training.jsonl", 43, "empty-text"),
        ("validation.csv", 2, "empty-text"),
        ("evaluation.json", None, "empty-file"),
    ]


def test_a_blank_line_is_left_out_with_a_warning(run):
    outcome = run({"training.jsonl": GOOD + b"\n" + jsonl(pairs(1, 41)), "validation.jsonl": VALIDATION})
    assert outcome.errors == []
    assert [(finding.rule, finding.line) for finding in outcome.prepared.findings.kept] == [("blank-line", 41)]
    assert len(outcome.training) == 41


def test_messages_hold_no_control_characters_or_half_letters(run):
    name = "a\x1b[31m\ud83d\n"
    outcome = run({"training.jsonl": (json.dumps({name: "q", "x": 1}) + "\n").encode()})
    text = str(outcome.errors[0])
    assert text.isprintable()
    text.encode("utf-8")


def test_the_refusal_shows_few_of_each_rule_and_counts_the_rest(run):
    data = b'{"question": "q", "answer": "a"}\n' + b'{"question": "q"}\n' * 500 + b'{"question": "q", "answer": ""}\n'
    findings = run({"training.jsonl": data, "validation.jsonl": VALIDATION}).prepared.findings
    message = str(refusal(findings.document(), "s3://bucket/findings.json"))
    assert "training.jsonl, line 2, field 'answer': is missing" in message
    assert "line 502, field 'answer': is empty" in message
    assert message.count("\n") == 4
    assert "497 more: s3://bucket/findings.json" in message
    assert findings.document()["counts"]["missing-field"] == 500


def test_no_refusal_without_errors(run):
    findings = run({"training.jsonl": GOOD, "validation.jsonl": VALIDATION}).prepared.findings
    assert refusal(findings.document(), "s3://bucket/findings.json") is None
