"""The answer of a record: which values are a label, a choice, several answers or JSON, and which are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.datasets.memory_files import pairs
from tests.unit.datasets.records.test_fields import PAIR, converted, findings
from tuner.datasets.records.schemas.answers import answers_of

Q = "My bill is wrong."


def answer(record: dict) -> str:
    return record["messages"][-1]["content"]


def errors(checked: Any) -> list[str]:
    return [f"{f.rule}: {f.message} {f.remedy}" for f in checked.findings.kept if f.severity == "error"]


LABELS = [
    ({"label": 3}, "3"), ({"label": 0}, "0"), ({"label": -1}, "-1"), ({"label": 2.0}, "2"), ({"label": True}, "true"),
    ({"label": False}, "false"), ({"intent": ["billing"]}, "billing"),
    ({"label": {"choices": ["billing"]}}, "billing"), ({"labels": "billing"}, "billing"),
    ({"label": 0, "label_text": "billing"}, "billing"), ({"label": 1, "label_name": "billing"}, "billing"),
    ({"etiqueta": "billing"}, "billing"), ({"ラベル": "billing"}, "billing"), ({"emotion": "billing"}, "billing"),
]  # fmt: skip


@pytest.mark.parametrize(("label", "learnt"), LABELS, ids=str)
def test_a_label_is_learnt_as_a_text(label, learnt):
    checked, records = converted({"text": Q, **label}, {"text": f"{Q} Again.", **label})
    assert errors(checked) == []
    assert [answer(record) for record in records] == [learnt] * 2
    assert checked.fields.records_left_out == 0


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (["billing", "returns"], "has 2 labels, and a record of a classification has one. Keep one label. To learn"),
        ({"choices": ["billing", "returns"]}, "has 2 labels, and a record of a classification has one."),
        ([], "has no answer. Write an answer"),
        (None, "is null. Write a text"),
        (0.25, "must be a text, not a number. Write it between quotes."),
    ],
    ids=str,
)
def test_what_is_not_one_label_is_refused_with_what_to_do(label, words):
    checked, records = converted({"text": Q, "label": label})
    assert records == []
    assert any(words in error for error in errors(checked))


FOUR = ["six", "seven", "eight", "nine"]
CHOSEN = [
    ({"choices": FOUR, "answer": 3}, "D"), ({"choices": FOUR, "answer": "3"}, "D"),
    ({"choices": FOUR, "answer": 0}, "A"), ({"choices": FOUR, "answer": 3.0}, "D"),
    ({"choices": FOUR, "answer_idx": 3}, "D"),
    ({"choices": FOUR, "label": 3}, "D"), ({"choices": FOUR, "label": "3"}, "D"),
    ({"option1": "six", "option2": "nine", "answer": "2"}, "B"), ({"choice 1": "a", "choice 2": "b", "answer": 1}, "A"),
    ({"option_a": "six", "option_b": "nine", "answer": 1}, "B"),
    ({"opa": "six", "opb": "nine", "cop": 1}, "B"), ({"choices": {"x": "six", "y": "nine"}, "answer": 1}, "y"),
    # Labels, and texts of choices, stay as they are.
    ({"choices": FOUR, "answer": "D"}, "D"), ({"choices": FOUR, "answer": "nine"}, "nine"),
    ({"choices": {"label": ["1", "2"], "text": ["six", "nine"]}, "answer": "2"}, "2"),
    ({"choices": ["6", "9"], "answer": "9"}, "9"), ({"choices": [6, 9], "answer": 9}, "9"),
    ({"choices": [0, 1, 2], "answer": 2}, "2"), ({"choices": "six or nine", "answer": "3"}, "3"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "learnt"), CHOSEN, ids=str)
def test_a_number_beside_choices_is_the_choice_counted_from_zero_or_as_the_columns_are(fields, learnt):
    checked, records = converted({"question": "How deep?", **fields})
    assert errors(checked) == []
    assert answer(records[0]) == learnt


def test_that_numbers_are_read_as_choices_is_said_once():
    checked, records = converted(*({"question": f"How deep is {n}?", "choices": FOUR, "answer": n} for n in range(4)))
    assert [answer(record) for record in records] == ["A", "B", "C", "D"]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "choice-number"]
    assert (warning.line, warning.severity) == (1, "warning")
    assert warning.message.startswith("is 0 and is read as the choice A")


@pytest.mark.parametrize(
    ("choices", "given", "words"),
    [
        (FOUR, 4, "is 4, and the choices have the numbers 0 to 3. Write the letter of the right choice (A to D), or"),
        (FOUR, "4", "is 4, and the choices have the numbers 0 to 3."),
        (FOUR, -1, "is -1, and the choices have the numbers 0 to 3."),
        ([1, 2, 3], 2, "is 2: it is unclear whether it is the choice '2' or its number. Write the answer as a text."),
        (FOUR, True, "must be a text, not true or false."),
        (FOUR, 0.5, "must be a text, not a number."),
    ],
)
def test_a_number_that_names_no_choice_is_refused(choices, given, words):
    """Also in a file that counts from 1, wherever the last choice is right."""
    checked, records = converted({"question": "How deep?", "choices": choices, "answer": given})
    assert records == []
    assert any(words in error for error in errors(checked))


def test_a_number_that_names_no_numbered_column_is_refused():
    checked, records = converted({"question": "How deep?", "option1": "six", "option2": "nine", "answer": 0})
    assert records == []
    assert (
        "the choices have the numbers 1 to 2. Write the letter of the right choice (A to B), or" in errors(checked)[0]
    )


def test_the_best_of_several_graded_completions_is_learnt():
    """UltraFeedback: the answers of several models, each with a grade, beside lists that say `None`."""
    completions = [
        {"model": model, "response": text, "overall_score": score, "critique": "c", "annotations": {"honesty": {}}}
        for model, text, score in (("a", "Six.", 2.0), ("b", "Nine.", 8.5))
    ]
    lists = {"correct_answers": ["None"], "incorrect_answers": ["None"]}
    checked, [record] = converted({"instruction": "How deep?", "completions": completions, **lists})
    assert answer(record) == "Nine."
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "several-answers"]
    assert "1 with the highest 'overall_score' (8.5) is used, 1 left out" in warning.message


AS_JSON = [[{"item": "chair", "count": 2}, {"item": "lamp", "count": 1}], [{"n": 1}], {"total": 3, "lines": [1, 2]}]


@pytest.mark.parametrize("value", AS_JSON, ids=str)
def test_an_answer_of_objects_is_learnt_as_json(value):
    checked, [record] = converted({"text": "Two chairs and a lamp.", "answer": value})
    assert json.loads(answer(record)) == value
    assert errors(checked) == []
    assert findings(checked, "several-answers") == []


UNCLEAR = [[1, 2], ["a", 1], [["a"]], [None], [{"text": "Berlin", "type": "LOC"}], [{"text": "Berlin", "label": "LOC"}]]


@pytest.mark.parametrize("value", UNCLEAR, ids=str)
def test_a_list_that_may_be_one_answer_or_several_is_refused(value):
    checked, records = converted({"question": "Where?", "answer": value})
    assert records == []
    assert any("is a list that may be several answers or one. Write several" in error for error in errors(checked))


def test_an_object_with_a_text_and_more_is_refused():
    checked, _ = converted({"question": "Where?", "answer": {"text": "Berlin", "total": 3}})
    assert any("it is unclear whether the text is the answer" in error for error in errors(checked))


GRADED: list[dict[str, Any]] = [
    {"answers": [{"text": "Six.", "score": 0}, {"text": "Nine.", "score": 12}, {"text": "Ten.", "score": 3}]},
    {"answers": {"text": ["Six.", "Nine.", "Ten."], "score": [0, 12, 3], "a_id": ["x", "y", "z"]}},
    {"answers": ["Six.", "Nine.", "Ten."], "scores": [0, 12, 3]},
    {"answers": [{"body": "Six.", "is_accepted": False}, {"body": "Nine.", "is_accepted": True}, {"body": "?", "is_accepted": 0}]},  # noqa: E501
    {"answers": [{"text": "Six.", "pm_score": 9, "selected": False}, {"text": "Nine.", "pm_score": 5, "selected": True}, {"text": "?", "pm_score": 0, "selected": False}]},  # noqa: E501
    {"answers": [{"answer": "Six.", "rating": 1}, {"answer": "Nine.", "rating": 5}, {"answer": "Ten."}]},
]  # fmt: skip


@pytest.mark.parametrize("fields", GRADED, ids=str)
@pytest.mark.parametrize("role", ["training", "evaluation"])
def test_the_best_of_several_answers_is_used_and_the_others_are_counted(fields, role):
    checked, [record] = converted({"question": "How deep?", **fields}, role=role)
    assert answer(record) == "Nine."
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "several-answers"]
    assert warning.message.startswith("has 3 answers: 1 ")
    assert warning.message.endswith(" is used, 2 left out.")


def test_the_grade_that_decides_is_named():
    checked, _ = converted({"question": "How deep?", **GRADED[0]})
    assert "1 with the highest 'score' (12) is used" in str(checked.findings.kept)


def test_answers_of_the_same_grade_are_several_answers():
    assert answers_of([{"text": "a", "score": 5}, {"text": "b", "score": 5}, {"text": "c", "score": 1}]) == ("a", "b")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            [{"text": "a", "score": 0}, {"text": "b", "score": -2}],
            "has 2 answers, and the highest 'score' is 0: the record",
        ),
        ([{"text": "a", "accepted": False}], "has 1 answer, and it is rejected: the record is left out."),
    ],
)
def test_a_record_without_a_good_answer_is_left_out(answers, words):
    checked, records = converted(*pairs(2), {"question": "How deep?", "answer": answers})
    assert (len(records), checked.fields.records_left_out) == (2, 1)
    assert words in next(finding.message for finding in checked.findings.kept if finding.rule == "left-out")


def test_what_a_person_discarded_is_not_learnt():
    """Argilla's exports have each person's value and status, in objects or in lists beside each other."""

    def said(value: str, status: str) -> dict:
        return {"user_id": "u", "value": value, "status": status}

    checked, records = converted(
        {"question": "How deep is it?", "answer": [said("Nine.", "submitted"), said("No.", "discarded")]},
        {"question": "How long is it?", "answer": [said("Ten.", "discarded")]},
        {"question": "How wide is it?", "answer": [said("Two.", "submitted")]},
    )
    assert [answer(record) for record in records] == ["Nine.", "Two."]
    assert checked.fields.records_left_out == 1
    checked, records = converted(
        {"question": "How deep?", "answer": ["Nine."], "answer.status": ["submitted"]},
        {"question": "How long?", "answer": ["Ten."], "answer.status": ["discarded"]},
    )
    assert [answer(record) for record in records] == ["Nine."]
    assert checked.fields.records_left_out == 1


def test_a_grade_of_zero_says_what_it_means_and_what_to_do():
    checked, records = converted({**PAIR, "score": 0}, {**PAIR, "question": "How long?", "score": 5})
    assert len(records) == 1
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "left-out"]
    assert warning.message == "is 0, and records with 0 or less are not used for training: the record is left out."
    assert "--minimum score=0" in warning.remedy


def test_answers_whose_members_begin_with_capitals_are_several_answers():
    """Stack Exchange's names; as one answer, they would be learnt as JSON."""
    answers = [{"Id": 5, "Body": "Nine.", "Score": 3}, {"Id": 6, "Body": "Six.", "Score": -1}]
    checked, records = converted({"Title": "Depth", "Body": "How deep?", "Answers": answers})
    assert [record["messages"][-1]["content"] for record in records] == ["Nine."]
    assert findings(checked, "several-answers") == [("several-answers", 1, "Answers")]


def test_expected_is_an_answer():
    _, records = converted({"input": "How deep?", "expected": "Nine."})
    assert [record["messages"][-1]["content"] for record in records] == ["Nine."]
