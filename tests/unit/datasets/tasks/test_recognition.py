"""Which datasets are taken for a classification or an extraction, and above all which are not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tuner.artifacts.task import TaskDescription
from tuner.datasets.tasks.answers import Answers
from tuner.datasets.tasks.recognition import describe_task
from tuner.settings import RunSettings

EXAMPLES = Path(__file__).parents[4] / "examples"
SIX = ("billing", "delivery", "returns", "account", "product", "technical")


def task(
    answers: Iterable[str], evaluation: Iterable[str] = (), fields: tuple[str, str] = ("", ""), **settings: object
) -> TaskDescription:
    files = []
    for each, field in zip((answers, evaluation), fields, strict=True):
        file = Answers("file")
        for line, answer in enumerate(each, 1):
            file.add(answer, line, field)
        files.append(file)
    return describe_task(RunSettings.model_validate(settings), files[0], files[1:])


@pytest.mark.parametrize(
    "labels",
    [
        SIX,
        ("yes", "no"),
        ("Yes.", "No."),
        ("positive", "negative", "neutral"),
        ("1", "2", "3", "4", "5"),
        ("Billing and payments", "Shipping and delivery", "Other"),
        ("対応済み", "未対応"),
        ("C", "C++", "C#"),
        tuple("ABCDE"),
    ],
)
def test_a_few_short_labels_are_a_classification(labels: tuple[str, ...]) -> None:
    found = task([*labels] * 20)
    assert found.name == "classification"
    assert found.labels == dict.fromkeys((label for label in labels), 20)
    assert found.sentence == f"The {20 * len(labels)} training answers are {len(labels)} different short labels."


def test_a_label_that_occurs_once_does_not_change_the_task() -> None:
    assert task([*SIX * 10, "deliveri"]).name == "classification"


NAMES = [f"City {number}" for number in range(400)]


@pytest.mark.parametrize(
    "answers",
    [
        # Short answers, each once or a few times.
        NAMES,
        NAMES[:25] * 8,
        # Results of sums.
        [str(number % 19) for number in range(400)],
        [f"{number % 50}.5" for number in range(3_000)],
        # Sentences, also those that are there many times.
        ["I do not know.", "Please call us."] * 50,
        ["That is right!", "That is wrong!"] * 50,
        ["すみません、わかりません。", "お電話ください。どうぞよろしく。"] * 50,
        [*SIX * 20, "This message is about the delivery of a parcel, and the customer is angry."],
        # One answer only, and too few records.
        ["yes"] * 100,
        ["yes", "no"] * 5,
        [],
        # Long labels.
        ["a label of a great many words indeed", "another label of a great many words"] * 50,
        ["x" * 60, "y" * 60] * 50,
    ],
    ids=range(13),
)
def test_free_text_is_never_taken_for_a_classification(answers: list[str]) -> None:
    assert task(answers).name == "answer"


@pytest.mark.parametrize("field", ["label", "Labels", "data.intent", "category", "ラベル"])
def test_a_field_with_the_name_of_a_label_has_labels_also_if_each_occurs_once(field: str) -> None:
    found = task(NAMES[:40], NAMES[40:44], (field, field))
    assert found.name == "classification"
    assert found.sentence == "The 40 training answers are 40 different labels, by the name of their field."
    assert task(["0", "1", "1"], (), (field, "")).labels == {"0": 1, "1": 2}
    # Another field, sentences, one label only, and free text in the evaluation data.
    assert task(NAMES[:40], (), ("answer", "")).name == "answer"
    assert task(["The parcel is late.", "It was not paid."] * 20, (), (field, "")).name == "answer"
    assert task(["yes"] * 40, (), (field, "")).name == "answer"
    assert task(NAMES[:40], ["It is a city of the north."] * 4, (field, "answer")).name == "answer"


def test_evaluation_answers_must_be_labels_of_the_training_data() -> None:
    assert task(SIX * 10, [*SIX, "complaint"]).name == "classification"
    assert task(SIX * 10, ["The customer asks about the bill.", "billing"]).name == "answer"


@pytest.mark.parametrize("name", ["bedrock-faq", "smallest"])
def test_the_examples_of_questions_and_answers_are_free_text(name: str) -> None:
    lines = (EXAMPLES / name / "training.jsonl").read_text("utf-8").splitlines()
    answers = [next(str(row[key]) for key in ("answer", "completion") if key in row) for row in map(json.loads, lines)]
    assert task(answers).name == "answer"
    assert task(answers * 10).name == "answer"


def test_random_free_text_is_free_text() -> None:
    """Sentences of a small vocabulary: the answers repeat by chance."""
    choose = random.Random(1)
    words = ["the", "parcel", "is", "late", "paid", "not", "we", "refund", "today"]
    for length in (1, 2, 3, 6):
        answers = [" ".join(choose.choices(words, k=length)) for _ in range(300)]
        # Nine single words, thirty-three records each, are what labels look like.
        assert task(answers).name == ("classification" if length == 1 else "answer")


ORDER = {"order": "A-1", "total": 12.5, "date": "2026-03-04", "items": ["lamp"], "paid": True, "note": None}


def test_objects_with_common_fields_are_an_extraction() -> None:
    found = task([json.dumps(ORDER | {"order": f"A-{number}"}) for number in range(20)])
    assert found.name == "extraction"
    assert {field.name: field.kind for field in found.fields} == {
        "order": "text", "total": "number", "date": "date", "items": "list", "paid": "boolean", "note": "any",
    }  # fmt: skip
    assert all(field.required for field in found.fields)
    assert [field.name for field in found.fields if field.nullable] == ["note"]


def test_a_few_broken_objects_do_not_change_the_task_and_many_do() -> None:
    objects = [json.dumps(ORDER)] * 19
    assert task([*objects, '{"order": ']).name == "extraction"
    assert task([*objects, *['{"order": '] * 5]).name == "answer"
    assert task([*objects, *["The order is A-1."] * 5]).name == "answer"


def test_objects_without_a_common_field_are_free_text() -> None:
    assert task([json.dumps({f"field {number}": 1}) for number in range(20)]).name == "answer"
    assert task(["{}"] * 20).name == "answer"
    assert task([json.dumps(ORDER)] * 20, ["free text"] * 5).name == "answer"


def test_fields_that_most_objects_have_are_required_and_mixed_types_are_any() -> None:
    rows = [{"a": 1, "b": number if number % 2 else "x", **({"c": 1} if number < 5 else {})} for number in range(20)]
    found = {field.name: field for field in task(map(json.dumps, rows)).fields}
    assert (found["b"].kind, found["c"].required, found["a"].required) == ("any", False, True)


def test_settings_have_the_last_word() -> None:
    assert task(SIX * 10, task="answer").name == "answer"
    assert task(NAMES, task="classification").name == "classification"
    given = task(SIX * 10, classification={"labels": ["Billing", "delivery", "spam"]}, task="classification")
    assert given.labels == {"Billing": 10, "delivery": 10, "spam": 0}
    assert not given.recognised
    fields = {"fields": {"order": "text", "note": "text"}, "optional": ["note"]}
    chosen = task([json.dumps(ORDER)] * 20, task="extraction", extraction=fields).fields
    assert [(field.name, field.required, field.nullable) for field in chosen] == [
        ("order", True, False), ("note", False, True),
    ]  # fmt: skip
