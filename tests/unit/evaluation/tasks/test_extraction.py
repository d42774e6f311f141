"""An extraction from answers to scores.json: validity, schema, each field, all fields, each with its interval."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.task import FieldSchema, TaskDescription
from tuner.catalog.tasks import FieldKind
from tuner.datasets.tasks.objects import InvalidObjectError, kind_of, parse_object
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.metrics.extraction import conforms, same_value
from tuner.evaluation.scores import summarize
from tuner.settings import RunSettings

FIELDS = (
    FieldSchema(name="name", kind="text"),
    FieldSchema(name="total", kind="number"),
    FieldSchema(name="due", kind="date", nullable=True),
    FieldSchema(name="items", kind="list", required=False),
)
CONTEXT = ScoringContext(task=TaskDescription(name="extraction", fields=FIELDS))
RIGHT = '{"name": "Marta Silva", "total": 12.5, "due": "2026-03-04", "items": ["lamp", "chair"]}'


def scores(*rows: tuple[str, str | None, str | None]) -> Scores:
    given = [GradedItem(f"q{at}", f"Text {at}", row[0], {BASE: row[1], TUNED: row[2]}) for at, row in enumerate(rows)]
    found = summarize(grade(given, chosen(["extraction"]), CONTEXT))
    assert Scores.model_validate_json(found.to_json()) == found
    return found


@pytest.mark.parametrize(
    "text",
    [
        '```json {"a": 1}```',
        '\ufeff{"a": 1}\u200b',
        *['{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', "```\n{}\n```", '{"a": {"b": [1]}}'],
    ],
)
def test_an_object_is_valid_also_in_a_block_of_code(text: str) -> None:
    assert isinstance(parse_object(text), dict)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1', "not valid JSON"),
        ("{'a': 1}", "not valid JSON"),
        ('{"a": 1,}', "not valid JSON"),
        ('{"a": 1} So that is it.', "not valid JSON"),
        ('Here you are:\n```json\n{"a": 1}\n```', "not valid JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[1]", "no object"),
        ("12", "no object"),
        ("", "not valid JSON"),
        ("[" * 100_000, "brackets"),
        ('{"a": 1e999999999}', "exponent"),
    ],
)
def test_anything_else_is_not(text: str, problem: str) -> None:
    with pytest.raises(InvalidObjectError, match=problem):
        parse_object(text)


@pytest.mark.parametrize(
    ("kind", "reference", "given", "same"),
    [
        ("text", "Marta Silva", " marta  SILVA ", True),
        ("text", "Marta Silva", "Marta Silva.", False),
        ("text", "C", "C++", False),
        ("text", "दिन", "दान", False),
        ("text", "2026-03-04", "20260304", False),
        ("number", 12.5, 12.50, True),
        ("number", 12, 12.0, True),
        ("number", 0.1, 0.1000001, False),
        ("number", 5, -5, False),
        ("number", 1200, "1200", True),
        ("number", 1200, "1,200", False),
        ("number", 1, True, False),
        ("number", 10_000_000_000_000_001, 10_000_000_000_000_002, False),
        ("date", "2026-03-04", "20260304", True),
        ("date", "2026-03-04", "2026-03-04T00:00:00", True),
        ("date", "2026-03-04T12:00:00Z", "2026-03-04T13:00:00+01:00", True),
        ("date", "2026-03-04", "04/03/2026", False),
        ("date", "2026-03-04", "4 March 2026", False),
        ("list", ["lamp", "chair"], ["Chair", "lamp"], True),
        ("list", ["lamp", "lamp"], ["lamp"], False),
        ("list", ["lamp", "lamp", "chair"], ["lamp", "chair", "chair"], False),
        ("list", [{"sku": "A", "n": 2}], [{"n": 2.0, "sku": "a"}], True),
        ("list", ["lamp"], "lamp", False),
        ("object", {"a": 1, "b": None}, {"a": 1}, True),
        ("object", {"a": 1}, {"a": 1, "b": 2}, False),
        ("boolean", True, True, True),
        ("boolean", True, "true", True),
        ("boolean", False, " False", True),
        ("boolean", True, "false", False),
        ("boolean", True, "yes", False),
        ("boolean", True, 1, False),
        ("text", "O’Neil, “A–B”", 'O\'Neil, "A-B"', True),
        ("text", "ＡＢＣ\u200b", "abc", True),
        ("text", "Maße", "Masse", False),
        ("text", "x²", "x2", False),
        ("text", "007", "7", False),
        ("text", "1.10", "1.1", False),
        ("number", -5, "−5", True),
        ("number", 1000, "1e3", True),
        ("number", 5, "+5", True),
        ("number", 12, "١٢", True),
        ("number", 12.5, "१२.५", True),
        ("number", 0.5, ".5", True),
        ("number", 5, "5 EUR", False),
        ("any", None, None, True),
        ("any", None, "", False),
    ],
)
def test_each_type_is_compared_as_documented(kind: FieldKind, reference: Any, given: Any, same: bool) -> None:
    one, other = (parse_object(json.dumps({"x": value}))["x"] for value in (reference, given))
    assert same_value(one, other, kind) is same
    assert same_value(other, one, kind) is same


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (RIGHT, True),
        ('{"name": "x", "total": 1, "due": null}', True),
        ('{"name": "x", "total": 1, "due": "2026-02-30"}', False),
        ('{"name": "x", "total": 1, "due": "tomorrow"}', False),
        ('{"name": "x", "total": "1", "due": null}', False),
        ('{"name": null, "total": 1, "due": null}', False),
        ('{"name": "x", "due": null}', False),
        ('{"name": "x", "total": 1, "due": null, "more": 1}', False),
    ],
)
def test_the_schema_has_fields_types_and_nulls(text: str, fits: bool) -> None:
    assert conforms(parse_object(text), FIELDS) is fits


@pytest.mark.parametrize(
    ("text", "kind"),
    [('"2026-11-28"', "date"), ('"2026-11-28 09:30"', "date"), ('"20261399"', "text"), ('"12345678"', "text"),
     ('"2026"', "text"), ("12", "number"), ("true", "boolean"), ("[]", "list"), ("{}", "object"), ("null", None)],
)  # fmt: skip
def test_the_type_of_each_json_value_is_recognised(text: str, kind: FieldKind | None) -> None:
    assert kind_of(parse_object(f'{{"x": {text}}}')["x"]) == kind


def test_fields_are_counted_one_by_one_and_together() -> None:
    found = scores((RIGHT, RIGHT.replace("12.5", "13"), f"```json\n{RIGHT}\n```"), (RIGHT, "It costs 12.5.", RIGHT))
    means = {name: (entry.base.mean, entry.tuned.mean) for name, entry in found.metrics.items()}
    assert means == {
        "json_validity": (0.5, 1),
        "schema_conformity": (0.5, 1),
        "field_accuracy": (0.375, 1),
        "object_accuracy": (0, 1),
        "field.name": (0.5, 1),
        "field.total": (0, 1),
        "field.due": (0.5, 1),
        "field.items": (0.5, 1),
    }
    assert found.metrics["field.total"].label == "Field 'total'"
    assert found.extraction is not None
    assert (found.extraction.base_fenced, found.extraction.tuned_fenced) == (0, 1)


def test_each_measure_has_its_interval_and_field_accuracy_decides() -> None:
    found = scores(*[(RIGHT, RIGHT.replace("Marta", f"M{at}"), RIGHT) for at in range(8)])
    assert all(entry.comparison.interval for entry in found.metrics.values())
    assert found.metrics["field.name"].conclusion_value == "better"
    assert found.metrics["field.due"].conclusion_value == "undecided"
    assert (found.verdict.metric, found.verdict.value) == ("field_accuracy", "better")
    gate = RunSettings.model_validate(
        {"task": "extraction", "gate": {"field.name": {"better_than": "base"}, "json_validity": {"at_least": 1}}}
    ).gate
    result = decide_gate(gate, GateComparisons.of(found))
    assert result is not None
    assert result.decision == "accepted"


def test_of_several_right_objects_the_nearest_counts() -> None:
    other = RIGHT.replace("Marta", "Ines")
    both = GradedItem(
        "q", "Text", RIGHT, {BASE: other, TUNED: other.replace("12.5", "9")}, accepted=(other, "no object")
    )
    found = summarize(grade([both], chosen(["extraction"]), CONTEXT)).metrics
    assert (found["object_accuracy"].base.mean, found["field_accuracy"].tuned.mean) == (1, 0.75)


def test_a_missing_answer_is_the_worst_and_a_broken_reference_is_left_out() -> None:
    found = scores((RIGHT, None, RIGHT), ("no object", "{}", "{}"))
    assert found.metrics["field_accuracy"].base.n == 1
    assert found.metrics["field_accuracy"].base.mean == 0
    assert found.metrics["json_validity"].base.mean == 0.5
    assert found.extraction is not None
    assert found.extraction.unusable_references == 1
