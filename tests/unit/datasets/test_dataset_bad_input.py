"""Each kind of bad input gives one clear finding with file, line and remedy, and nothing is written."""

from __future__ import annotations

import json

import pytest

from tests.unit.datasets.broken_files import CASES, GOOD, VALIDATION, broken_line
from tests.unit.datasets.memory_files import CLAUDE, LLAMA, NOVA, NOVA_2, MemorySource, jsonl, pairs
from tuner.catalog import model
from tuner.datasets import DataRole, NoSink, RecordLimits, Source, check, prepare, refusal
from tuner.datasets.records.file_rules import record_counts
from tuner.settings import FieldNames, RunSettings


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [16, 100_000])
def test_each_damaged_file_gives_one_clear_finding(run, case, chunk):
    name, data, rule, line, words = CASES[case]
    outcome = run({name: data, "validation.jsonl": VALIDATION}, chunk=chunk)
    found = [finding for finding in outcome.errors if (finding.line, finding.rule) != (None, "record-count")]
    assert [(finding.rule, finding.line) for finding in found] == [(rule, line)]
    assert len(data) < 400 or found == outcome.errors, "a short file may have too few records too"
    assert found[0].file == name
    assert words in found[0].message
    assert found[0].remedy.endswith(".")
    assert all(sink.committed is None and sink.written == b"" for sink in outcome.sinks.values())


@pytest.mark.parametrize("wrong", [1, 2, 40])
def test_a_file_in_another_encoding_gives_one_finding_for_all_its_lines(run, wrong):
    lines = [jsonl([pair]) for pair in pairs(40)]
    data = b"".join(line.replace(b'"}', b'\xe9"}') if n < wrong else line for n, line in enumerate(lines))
    outcome = run({"training.jsonl": data, "validation.jsonl": VALIDATION})
    [found] = [finding for finding in outcome.errors if finding.rule != "record-count"]
    assert (found.rule, found.line) == ("utf-8", 1)
    also = {1: "", 2: " 1 more line is not UTF-8 either.", 40: " 39 more lines are not UTF-8 either."}
    assert found.message.endswith(f"GB 18030 (China).{also[wrong]}")
    assert "iconv" in found.remedy


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
def test_record_counts_outside_the_limits(base_model, training, validation, words):
    [issue] = record_counts(model(base_model), {"training": training, "validation": validation})
    assert issue.rule == "record-count"
    assert words in issue.message


@pytest.mark.parametrize(("training", "validation"), [(32, 32), (9_000, 1_000)])
def test_record_counts_within_the_limits(training, validation):
    assert list(record_counts(model(CLAUDE), {"training": training, "validation": validation})) == []


def test_a_run_has_a_maximum_of_evaluation_questions():
    assert list(record_counts(model(CLAUDE), {"evaluation": 25_000})) == []
    [issue] = record_counts(model(CLAUDE), {"evaluation": 12_501}, samples=2)
    assert "12,501 records, and each is asked 2 times (evaluation.samples); a run takes at most 25,000 answers." in (
        issue.message
    )
    [issue] = record_counts(model(CLAUDE), {"evaluation": 25_001})
    assert "25,001 records; a run takes at most 25,000" in issue.message


def test_counts_are_checked_in_a_dataset(run):
    outcome = run({"training.jsonl": jsonl(pairs(31)), "validation.jsonl": VALIDATION})
    assert [(finding.rule, finding.file) for finding in outcome.errors] == [("record-count", "training.jsonl")]
    outcome = run({"training.jsonl": jsonl(pairs(32)), "validation.jsonl": jsonl(pairs(31, start=100))})
    assert [(finding.rule, finding.file) for finding in outcome.errors] == [("record-count", "validation.jsonl")]


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


def test_reserved_strings_of_nova_are_allowed_in_other_families(run):
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


@pytest.mark.parametrize("record", [{"question": "q", "answer": ""}, {"ask": "q", "say": "a"}], ids=str)
@pytest.mark.parametrize(
    "settings", [{"task": "classification"}, {"task": "extraction"}, {"evaluation": {"metrics": ["classification"]}}]
)
def test_answers_that_cannot_be_read_have_no_further_finding(run, record, settings):
    outcome = run({"training.jsonl": jsonl([record] * 100)}, NOVA, **settings)
    assert {error.rule for error in outcome.errors} <= {"empty-text", "missing-field"}
    if "task" not in settings:
        assert "no training record can be used" in outcome.prepared.summary.task.sentence


def test_a_remedy_names_what_the_person_can_change(run):
    """The settings file of a dataset by its name, and for a single file the option of the command."""
    data = jsonl([{**pair, "rating": n} for n, pair in enumerate(pairs(40), 1)])
    sources: dict[DataRole, Source] = {"training": MemorySource("training.jsonl", data)}
    in_folder = prepare(sources, RunSettings(), model(NOVA), lambda _: NoSink(), settings_name="my.yaml").findings.kept
    alone = check(MemorySource("training.jsonl", data), RecordLimits(model(NOVA), "training"), FieldNames())
    remedies = [
        next(finding.remedy for finding in found if finding.rule == "graded")
        for found in (in_folder, alone.findings.kept)
    ]
    assert remedies == [
        "Say which are good enough: fields.minimum in my.yaml, or ignore the field: fields.ignore in my.yaml.",
        "Say which are good enough: --minimum rating=VALUE, or ignore the field: --ignore-field.",
    ]


def test_a_blank_line_is_left_out_with_a_warning(run):
    outcome = run({"training.jsonl": GOOD + b"\n" + jsonl(pairs(1, 41)), "validation.jsonl": VALIDATION})
    assert outcome.errors == []
    assert [(finding.rule, finding.line) for finding in outcome.prepared.findings.kept] == [("blank-line", 41)]
    assert len(outcome.training) == 41


def test_messages_have_no_control_characters_or_lone_surrogates(run):
    name = "a\x1b[31m\ud83d\n"
    outcome = run({"training.jsonl": (json.dumps({name: "q", "x": 1}) + "\n").encode()})
    text = str(outcome.errors[0])
    assert text.isprintable()
    text.encode("utf-8")


def test_the_error_shows_few_findings_of_each_rule_and_counts_the_others(run):
    data = b'{"question": "q", "answer": "a"}\n' + b'{"question": "q"}\n' * 500 + b'{"question": "q", "answer": ""}\n'
    findings = run({"training.jsonl": data, "validation.jsonl": VALIDATION}).prepared.findings
    message = str(refusal(findings.artifact(), "s3://bucket/findings.json"))
    assert "training.jsonl, line 2, field 'answer': is missing" in message
    assert "line 502, field 'answer': is empty" in message
    assert message.count("\n") == 4
    assert "497 more: s3://bucket/findings.json" in message
    assert findings.artifact().counts["missing-field"] == 500


def test_warnings_do_not_refuse_a_dataset(run):
    findings = run({"training.jsonl": GOOD, "validation.jsonl": VALIDATION}).prepared.findings
    assert refusal(findings.artifact(), "s3://bucket/findings.json") is None
