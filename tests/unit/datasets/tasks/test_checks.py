"""What a check says about labels and objects: for each rule a wrong and a right file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.datasets.memory_files import NOVA, MemorySink, MemorySource, jsonl
from tuner.artifacts.dataset import Finding
from tuner.catalog import model
from tuner.datasets import Prepared, RecordLimits, prepare
from tuner.datasets.check import CheckedFile, check
from tuner.settings import FieldNames, RunSettings

SIX = ("billing", "delivery", "returns", "account", "product", "technical")
LABELS = SIX * 10
ORDER = {"order": "A-1", "total": 12.5, "date": "2026-03-04"}
OBJECTS = [json.dumps(ORDER | {"total": number}) for number in range(20)]


def file(role: str, answers: Sequence[str]) -> MemorySource:
    records = [{"question": f"{role} {at * 7919}", "answer": answer} for at, answer in enumerate(answers)]
    return MemorySource(f"{role}.jsonl", jsonl(records))


def prepared(answers: Sequence[str], asked: Sequence[str] = (), **settings: object) -> Prepared:
    sources = {"training": file("training", answers)}
    if asked:
        sources["evaluation"] = file("evaluation", asked)
    return prepare(sources, RunSettings.model_validate(settings), model(NOVA), lambda _: MemorySink())  # type: ignore[arg-type]


def findings(answers: Sequence[str], asked: Sequence[str] = (), **settings: object) -> list[Finding]:
    found = prepared(answers, asked, **settings).findings.kept
    return [finding for finding in found if finding.rule.startswith(("label-", "json-", "task-"))]


def test_right_files_have_no_finding_and_the_summary_names_the_task() -> None:
    assert findings(LABELS, SIX) == []
    assert findings(OBJECTS, OBJECTS[:3]) == []
    assert prepared(LABELS, SIX).summary.task.name == "classification"
    assert prepared(OBJECTS).summary.task.name == "extraction"


@pytest.mark.parametrize(
    ("answers", "evaluation", "rule", "place", "says"),
    [
        ([*LABELS, "spam"], SIX, "label-once", "training.jsonl, line 61", "'spam' occurs once"),
        ([*LABELS, "Billing "], SIX, "label-spelling", "training.jsonl, line 1", "'billing', 'Billing'"),
        ([*LABELS, *["billing"] * 100], SIX, "label-balance", "training.jsonl", "110 records"),
        (LABELS, [*SIX, "spam"], "label-unseen", "evaluation.jsonl, line 7", "'spam' is not in the training"),
        ([*OBJECTS, '{"order": '], (), "json-invalid", "training.jsonl, line 21", "not valid JSON"),
        ([*OBJECTS, "A-1"], (), "json-invalid", "training.jsonl, line 21", "not a JSON object"),
        (OBJECTS, [*OBJECTS, "x"], "json-invalid", "evaluation.jsonl, line 21", "not a JSON object"),
        ([*OBJECTS, '{"order": "A", "total": 1}'], (), "json-field-missing", "line 21", "lacks the field 'date'"),
        ([*OBJECTS, json.dumps(ORDER | {"note": 1})], ["{}"], "json-field-missing", "evaluation.jsonl", "'total'"),
        ([*OBJECTS, json.dumps(ORDER | {"total": "12"})], (), "json-field-type", "line 21", "of type text"),
        (OBJECTS, [json.dumps(ORDER | {"sum": 1})], "json-field-unknown", "evaluation.jsonl, line 1", "'sum'"),
    ],
)  # fmt: skip
def test_each_rule_names_the_place(
    answers: Sequence[str], evaluation: Sequence[str], rule: str, place: str, says: str
) -> None:
    [found] = [finding for finding in findings(answers, evaluation) if finding.rule == rule]
    assert found.severity == "warning"
    assert place in found.place
    assert says in found.message


@pytest.mark.parametrize(
    ("answers", "settings", "rule", "says"),
    [
        (["yes"] * 40, {"task": "classification"}, "label-count", "all answers are the same label ('yes')"),
        ([*LABELS, "x" * 300], {"task": "classification"}, "label-long", "1 of 61 answers are too long"),
        (
            [*LABELS, "spam", "spam"],
            {"task": "classification", "classification": {"labels": SIX}},
            "label-unknown",
            "'spam' of 2 records is no label of run.yaml",
        ),
        (["Call us."] * 40, {"task": "extraction"}, "json-invalid", "no training answer is a JSON object"),
        (LABELS, {"gate": {"correctness": {"at_least": 6}}}, "task-settings", "there is no measure 'correctness'"),
        (LABELS, {"gate": {"field.total": {"at_least": 1}}}, "task-settings", "there is no measure 'field.total'"),
        (OBJECTS, {"gate": {"accuracy": {"at_least": 1}}}, "task-settings", "did you mean 'field_accuracy'"),
        (OBJECTS, {"evaluation": {"decides": "macro_f1"}}, "task-settings", "evaluation.decides"),
        (["Call us."] * 40, {"evaluation": {"metrics": ["classification"]}}, "task-settings", "is for the task"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(
    answers: Sequence[str], settings: dict[str, Any], rule: str, says: str
) -> None:
    [found] = [finding for finding in findings(answers, **settings) if finding.rule == rule]
    assert found.severity == "error"
    assert says in found.message


def test_a_listed_label_that_only_the_evaluation_has_is_a_warning_and_another_one_an_error() -> None:
    given = {"labels": [*SIX, "spam"]}
    found = findings(LABELS, [*SIX, "spam", "ham"], task="classification", classification=given)
    places = {(finding.rule, finding.severity): finding.place for finding in found}
    assert places[("label-unknown", "error")] == "evaluation.jsonl, line 8"
    assert places[("label-unseen", "warning")] == "evaluation.jsonl, line 7"
    assert len([finding for finding in found if finding.rule == "label-unseen"]) == 1


def test_a_rule_about_the_guard_questions_belongs_to_every_task() -> None:
    rule = {"guard": {"not_worse_than": "base"}}
    for answers in (LABELS, OBJECTS):
        assert findings(answers, gate=rule, evaluation={"guard": 8}) == []


def test_the_message_names_the_setting_that_does_not_fit_the_task_and_the_reason() -> None:
    [found] = findings(LABELS, gate={"correctness": {"at_least": 6}})
    assert found.place == "run.yaml"
    assert "'classification'" in found.remedy
    assert "60 training answers are 6 different short labels" in found.remedy
    named = {"metrics": ["classification", "correctness"]}
    assert findings(LABELS, gate={"correctness": {"at_least": 6}}, evaluation=named) == []


def task_of(checked: CheckedFile) -> str:
    document: Any = checked.as_json()
    return str(document["task"]["name"])


def test_one_file_is_checked_by_the_task_of_its_answers() -> None:
    limits = RecordLimits(model(NOVA), "training")
    checked = check(file("training", [*LABELS, "spam"]), limits, FieldNames())
    assert task_of(checked) == "classification"
    assert "label-once" in checked.findings.counts
    free = check(file("training", [f"Answer number {at}." for at in range(40)]), limits, FieldNames())
    assert task_of(free) == "answer"
