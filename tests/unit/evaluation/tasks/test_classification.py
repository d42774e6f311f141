"""A classification from answers to scores.json: labels, accuracy, confusion, answers outside the labels, verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.datasets.memory_files import MemorySource, jsonl
from tuner import catalog
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.evaluation.task_details import ClassificationDetails
from tuner.artifacts.task import TaskDescription
from tuner.core.errors import EvaluationError
from tuner.core.label_matching import LabelSet
from tuner.datasets import Findings, RecordLimits
from tuner.datasets.pipeline import FilePipeline
from tuner.evaluation.answer_files import read_references
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.grading.grades import grade, merged
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.review.human_scores import with_people
from tuner.evaluation.run_comparison import compare_runs
from tuner.evaluation.scores import summarize
from tuner.evaluation.standalone import Files
from tuner.evaluation.standalone import evaluate as evaluate_files
from tuner.evaluation.tasks import with_references
from tuner.settings import FieldNames, RunSettings

TASK = TaskDescription(name="classification", labels={"Billing": 9, "Delivery": 9, "Returns": 2})
CONTEXT = ScoringContext(task=TASK)


def samples(*rows: tuple[str, str | None, str | None]) -> list[GradedItem]:
    return [GradedItem(f"q{at}", f"Text {at}", row[0], {BASE: row[1], TUNED: row[2]}) for at, row in enumerate(rows)]


def scores(*rows: tuple[str, str | None, str | None]) -> Scores:
    found = summarize(grade(samples(*rows), chosen(["classification"]), CONTEXT))
    assert Scores.model_validate_json(found.to_json()) == found
    return found


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("billing", "Billing"),
        ("  BILLING.\n", "Billing"),
        ("Billing!", "Billing"),
        ("billing。", "Billing"),
        ("Label: billing", "Billing"),
        ("**Category:** Billing.", "Billing"),
        ("Answer：billing", "Billing"),
        ("Note: billing", None),
        ("Label: bill", None),
        ("bil\u00adling\u200b", "Billing"),
        ("\ufeff_billing_", "Billing"),
        ("billing؟", "Billing"),
        ("billing।", "Billing"),
        ("‹billing›", "Billing"),
        ("The label is billing", None),
        ("billing, delivery", None),
        ("bill", None),
        ("billing+", None),
        ("-billing", None),
        ("...", None),
    ],
)
def test_only_case_spaces_and_end_punctuation_do_not_count(answer: str, label: str | None) -> None:
    assert LabelSet(TASK.labels).find(answer) == label


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"),
        ("C", "C#"),
        ("5", "-5"),
        ("1.10", "11.0"),
        ("दिन", "दान"),
        (".N", "N"),
        ("a b", "ab"),
        ("?", "!"),
        ("Maße", "Masse"),
    ],
)
def test_labels_that_differ_in_anything_else_are_two(one: str, other: str) -> None:
    assert len(LabelSet([one, other]).labels) == 2


# A label as a file has it, an answer as a model gives it or a file has it, and whether they are the same label.
PAIRS: list[tuple[Any, Any, bool]] = [
    (1, "1", True), ("1", 1, True), (1.0, 1, True), (1, "1.0", True), ("1.0", "1", True), (1, "1.00.", True),
    (1, "1.5", False), (1, "10", False), (0, "0", True), (0, False, False), (1, True, False), (-1, "1", False),
    (True, "True", True), (True, "true.", True), (False, "false", True), (True, "yes", False),
    (["billing"], "Billing", True), (["billing"], ["Billing"], True), (["billing"], '["Billing"]', True),
    ([2], "2", True), ([True], True, True),
    ("caf\u00e9", "cafe\u0301", True), ("stra\u00dfe", "Stra\u1e9eE", True), ("Ma\u00dfe", "Masse", False),
    ("A1", "\uff21\uff11", True),
    ("\u5c5e\u6027", "\u300c\u5c5e\u6027\u300d\u3002", True),
    ("billing", '"Billing".', True), ("billing", '"Billing."', True), ("billing", "**Billing**", True),
    ("billing", "`billing`", True), (-1, "\u22121", True), ("on-time", "on\u2011time", True),
    ("won't", "won\u2019t", True), ("a", "(A)", True), ("(a) or (b)", "a) or (b", False), ("C", "C++", False),
]  # fmt: skip


@pytest.mark.parametrize(("label", "answer", "same"), PAIRS)
def test_a_label_is_the_same_in_a_run_and_in_files_whatever_its_type(
    label: Any, answer: Any, same: bool, tmp_path: Path
) -> None:
    records = [{"text": "One?", "label": label}, {"text": "Two?", "label": "another label"}]
    given = [{"text": "One?", "label": answer}, {"text": "Two?", "label": "something else"}]
    for name, rows in {"references": records, "base": given, "tuned": given}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    files = Files(tmp_path / "base.json", tmp_path / "tuned.json", tmp_path / "references.json")
    found = evaluate_files(files, settings=RunSettings(task="classification")).scores
    assert found.metrics["accuracy"].tuned.mean == (0.5 if same else 0)

    # In a run, the references come from the dataset, and a model's answer is a text.
    source = MemorySource("evaluation.jsonl", jsonl(records))
    limits = RecordLimits(catalog.model("amazon.nova-micro-v1:0:128k"), "evaluation")
    read = FilePipeline(source, limits, FieldNames(), Findings()).records()
    [reference, other] = [record.completion for record in read]
    text = answer if isinstance(answer, str) else json.dumps(answer)
    task = with_references(TaskDescription(name="classification"), [reference, other])
    run = summarize(grade(samples((reference, text, text)), chosen(["classification"]), ScoringContext(task=task)))
    assert run.metrics["accuracy"].tuned.mean == same


def test_a_record_with_two_labels_is_refused_in_a_file_as_in_a_dataset(tmp_path: Path) -> None:
    file = tmp_path / "references.json"
    file.write_text('[{"text": "One?", "label": ["a", "b"]}]')
    with pytest.raises(EvaluationError, match="has 2 labels, and a record of a classification has one"):
        read_references(file, FieldNames())


def test_a_reference_with_a_heading_is_not_another_label() -> None:
    assert LabelSet(["billing", "Label: billing", "Topic: x"]).labels == ("billing", "Topic: x")
    assert LabelSet(["billing", "Topic: x"]).find("topic: X.") == "Topic: x"


def test_a_label_has_many_spellings_and_shows_the_first() -> None:
    assert LabelSet(["Straße ", "STRAẞE", "cafe\u0301", "café"]).labels == ("Straße", "cafe\u0301")


def test_accuracy_and_macro_f1_count_a_missing_answer_as_wrong() -> None:
    found = scores(
        ("Billing", "billing", "Billing."),
        ("Billing", "I think this is about billing", "billing"),
        ("Delivery", None, "delivery"),
        ("Returns", "Delivery", "Returns"),
    )
    accuracy, f1 = found.metrics["accuracy"], found.metrics["macro_f1"]
    assert (accuracy.base.mean, accuracy.tuned.mean) == (0.25, 1.0)
    assert accuracy.base.failed == 1
    assert f1.base.mean == pytest.approx((2 / 3 + 0 + 0) / 3)
    assert f1.tuned.mean == 1
    assert f1.base.failed == 1
    outside = found.metrics["outside_labels"]
    # The answer that was not given counts as the worst: 1 outside and 1 missing of 4.
    assert (outside.base.mean, outside.tuned.mean, outside.better) == (0.5, 0, "lower")


def test_fewer_answers_outside_the_labels_is_a_win() -> None:
    found = scores(*[("Billing", "Money matters", "Billing")] * 8, ("Billing", "Billing", "Money matters"))
    outside = found.metrics["outside_labels"]
    assert (outside.comparison.wins, outside.comparison.ties, outside.comparison.losses) == (8, 0, 1)
    assert (outside.difference or 0) < 0
    assert outside.conclusion is not None
    assert outside.conclusion.value == "better"
    assert "8 won, 0 tied, 1 lost" in outside.conclusion.sentence


def test_the_confusion_names_the_answers_outside_the_labels() -> None:
    found = scores(
        ("Billing", "billing", "Billing"),
        ("Billing", "Money matters", "delivery"),
        ("Delivery", None, "delivery"),
        ("Delivery", "Money  matters", "Billing"),
    ).classification
    assert found is not None
    rows = {row.label: row.by_contestant for row in found.confusion}
    outside, nothing = ClassificationDetails.OUTSIDE, ClassificationDetails.NO_ANSWER
    assert rows["Billing"] == {BASE: {"Billing": 1, outside: 1}, TUNED: {"Billing": 1, "Delivery": 1}}
    assert rows["Delivery"] == {BASE: {nothing: 1, outside: 1}, TUNED: {"Delivery": 1, "Billing": 1}}
    assert found.by_contestant[BASE].answers == 2
    assert found.by_contestant[BASE].texts == {"Money matters": 2}
    billing = next(entry for entry in found.scores if entry.label == "Billing").by_contestant[TUNED]
    assert (billing.precision, billing.recall, billing.f1) == (0.5, 0.5, 0.5)


def test_another_right_label_counts_as_the_references() -> None:
    both = GradedItem("q", "Text", "Billing", {BASE: "delivery", TUNED: "Returns"}, accepted=("Delivery",))
    found = summarize(grade([both], chosen(["classification"]), CONTEXT))
    assert (found.metrics["accuracy"].base.mean, found.metrics["accuracy"].tuned.mean) == (1, 0)
    assert (found.metrics["macro_f1"].base.mean, found.metrics["macro_f1"].tuned.mean) == (1, 0)
    assert found.questions[0].base.label == "Billing"


def test_accuracy_decides_and_a_run_can_let_macro_f1_decide() -> None:
    rows = [("Billing", "Delivery", "Billing"), ("Delivery", "Delivery", "Delivery")] * 6
    graded = grade(samples(*rows), chosen(["classification"]), CONTEXT)
    by_accuracy, by_f1 = summarize(graded), summarize(graded, decides="macro_f1")
    assert (by_accuracy.verdict.metric, by_accuracy.verdict.value) == ("accuracy", "better")
    assert (by_f1.verdict.metric, by_f1.verdict.value) == ("macro_f1", "better")
    assert "12 questions" in by_f1.verdict.sentence
    assert "won" not in by_f1.verdict.sentence
    nothing = summarize(graded, decides="correctness").verdict
    assert (nothing.value, nothing.metric) == ("undecided", None)
    assert "'correctness'" in nothing.sentence


def test_the_gate_takes_the_measures_of_labels() -> None:
    rows = [("Billing", "Delivery", "Billing"), ("Delivery", "Delivery", "Delivery")] * 6
    settings = RunSettings.model_validate(
        {
            "task": "classification",
            "gate": {
                "accuracy": {"better_than": "base", "at_least": 0.9},
                "macro_f1": {"better_than": "base"},
                "outside_labels": {"at_most": 0},
            },
        }
    )
    result = decide_gate(settings.gate, GateComparisons.of(scores(*rows)))
    assert result is not None
    assert result.decision == "accepted"
    assert len(result.rules) == 4


def test_grades_do_not_depend_on_shards() -> None:
    rows = [("Billing", "Delivery", "Billing"), ("Delivery", "no label", None), ("Returns", "returns", "Billing")] * 3
    whole = samples(*rows)
    metric = chosen(["classification"])
    parts = [grade(whole[start : start + 2], metric, CONTEXT) for start in range(0, len(whole), 2)]
    assert summarize(merged(parts)) == summarize(grade(whole, metric, CONTEXT))


def test_runs_are_compared_by_label_and_people_leave_the_labels_as_they_are() -> None:
    earlier = scores(*[("Billing", "Billing", "Delivery"), ("Returns", "Returns", "Returns")] * 4)
    later = scores(*[("Billing", "Billing", "Billing"), ("Returns", "Returns", "Returns")] * 4)
    found = compare_runs(earlier, later, ("first", "second"))
    assert (found.metrics["macro_f1"].base.mean or 0) < 1 == found.metrics["macro_f1"].tuned.mean
    assert found.verdict.metric == "accuracy"
    assert found.classification is not None
    scored = with_people(later, {"q0": {"people": {BASE: 3, TUNED: 9}}})
    assert scored.verdict.metric == "accuracy"
    assert scored.metrics["macro_f1"] == later.metrics["macro_f1"]
