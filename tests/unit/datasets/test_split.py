"""Held-out records: disjoint, complete, by content, stable when rows are appended."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.datasets.memory_files import CLAUDE, LLAMA, NOVA, jsonl, pairs
from tuner.catalog import model
from tuner.datasets.same_question import question_hash
from tuner.datasets.split import HeldOutRecords, choose_held_out

QUESTIONS = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=80, unique=True)


def held_out(questions: list[str], fraction: float) -> HeldOutRecords:
    return choose_held_out(map(question_hash, questions), fraction, model(NOVA).family)


@pytest.mark.slow
def test_training_and_validation_are_disjoint_and_complete(run):
    records = pairs(300)
    outcome = run({"training.jsonl": jsonl(records)})
    training = [record["messages"][0]["content"] for record in outcome.training]
    validation = [record["messages"][0]["content"] for record in outcome.validation]
    assert not set(training) & set(validation)
    assert sorted(training + validation) == sorted(record["question"] for record in records)


@pytest.mark.slow
@given(QUESTIONS, st.lists(st.text(min_size=1, max_size=8), max_size=40))
def test_appending_rows_moves_no_earlier_row(questions, appended):
    # Without a minimum to reach (Nova documents none for validation), a side depends on the question alone.
    numerous = [f"filler {number}" for number in range(200)]
    before = held_out(numerous + questions, 0.15)
    after = held_out(numerous + questions + appended, 0.15)
    assert [before.contains(question_hash(question)) for question in questions] == [
        after.contains(question_hash(question)) for question in questions
    ]


@given(QUESTIONS, st.randoms())
def test_the_order_of_rows_does_not_matter(questions, random):
    shuffled = list(questions)
    random.shuffle(shuffled)
    assert held_out(questions, 0.2) == held_out(shuffled, 0.2)


@pytest.mark.parametrize("again", ["what is  part 3", "WHAT IS PART 3???", "What is Part 3 ?"])
def test_the_same_question_in_other_case_or_punctuation_stays_on_one_side(again):
    assert question_hash(again) == question_hash("What is part 3?")


@pytest.mark.slow
def test_the_fraction_is_near_the_requested_one(run):
    outcome = run({"training.jsonl": jsonl(pairs(600))}, validation={"fraction": 0.2}, chunk=2**16)
    assert 0.17 < len(outcome.validation) / 600 < 0.23


@pytest.mark.parametrize(
    ("base_model", "records", "validation"),
    [
        (CLAUDE, 85, 32),  # the family's minimum
        (CLAUDE, 40, 8),  # training keeps its own minimum, and the missing validation records are reported
        (LLAMA, 101, 1),
        (NOVA, 9, 1),
    ],
)
def test_the_familys_limits_are_met_where_possible(run, base_model, records, validation):
    outcome = run({"training.jsonl": jsonl(pairs(records))}, base_model, chunk=2**16)
    assert outcome.prepared.summary.validation_records == validation
    assert outcome.prepared.summary.training_records == records - validation


def test_the_familys_maximum_is_kept():
    questions = [f"What is part {number}?" for number in range(9_000)]
    held = choose_held_out(map(question_hash, questions), 0.15, model(CLAUDE).family)
    assert sum(map(held.contains, map(question_hash, questions))) == 1000


def test_too_few_records_to_hold_out_are_an_error(run):
    outcome = run({"training.jsonl": jsonl(pairs(40))})
    assert "validation data (held out from the training data) has 8 records" in outcome.errors[0].message
    assert outcome.errors[0].remedy == "Add records or a validation file."


@pytest.mark.parametrize(("good", "refused", "counts"), [(0, 80, []), (40, 30, []), (62, 1, [31]), (10, 1, [10, 1])])
def test_records_with_errors_can_be_held_out_once_they_are_fixed(run, good, refused, counts):
    wrong = [{"question": f"What is wrong in {number}?", "answer": ""} for number in range(refused)]
    outcome = run({"training.jsonl": jsonl([*pairs(good), *wrong])})
    assert {error.rule for error in outcome.errors} == {"empty-text", *(["record-count"] if counts else [])}
    said = [error.message for error in outcome.errors if error.rule == "record-count"]
    assert [int(re.findall(r"ha(?:s|ve) (\d+) record", message)[0]) for message in said] == counts


def test_one_record_is_not_held_out(run):
    outcome = run({"training.jsonl": jsonl(pairs(1))}, NOVA)
    assert outcome.prepared.summary.training_records == 1
    assert {finding.rule for finding in outcome.errors} == {"record-count"}


@pytest.mark.slow
def test_a_copy_with_another_wording_moves_no_earlier_record(run):
    """The same question comes back, and now resembles a second one: it keeps its side."""
    body = " ".join(f"w{number}" for number in range(40))
    questions = [{"question": f"Who is guest {number} of the hotel?", "answer": f"Mr {number}"} for number in range(60)]
    first = [{"question": "About whales?", "answer": "They swim."}, {"question": "About old whales?", "answer": body}]
    bridge = [{"question": "About whales?", "answer": body}]

    def held(records):
        outcome = run({"training.jsonl": jsonl(records)}, NOVA, chunk=2**16, validation={"fraction": 0.5})
        return {line["messages"][0]["content"][0]["text"] for line in outcome.validation}

    for number in range(12):
        renamed = json.loads(json.dumps([*first, *bridge]).replace("whales", f"whales{number}"))
        assert held([*questions, *renamed[:2]]) == held([*questions, *renamed])


@pytest.mark.parametrize("numbers", [[1, 1, 1, 2], [1] * 50 + [2] * 50, [1, 2], [5] + [4] * 99])
@pytest.mark.parametrize("fraction", [0.01, 0.15, 0.5])
def test_no_side_is_empty_if_there_are_two_questions(numbers, fraction):
    hashes = [question_hash(f"What is {number}?") for number in numbers]
    held = choose_held_out(hashes, fraction, model(NOVA).family)
    assert 0 < sum(map(held.contains, hashes)) < len(hashes)


def test_one_repeated_question_cannot_be_held_out(run):
    records = [{"question": "What is it?", "answer": f"Answer {number}"} for number in range(200)]
    outcome = run({"training.jsonl": jsonl(records), "evaluation.jsonl": jsonl(pairs(3))}, NOVA, chunk=2**16)
    [error] = outcome.errors
    assert error.rule == "record-count"
    assert "validation data" in error.message
