"""Near duplicates: nearly the same question or answer in the same order, and not what a template makes alike."""

from __future__ import annotations

import json

import pytest

from tests.unit.datasets.memory_files import LLAMA, NOVA, MemorySink, MemorySource, jsonl
from tests.unit.datasets.profile.template_tasks import TASKS, records
from tuner.catalog import model
from tuner.datasets.records.rules import RecordLimits
from tuner.datasets.split import split_file
from tuner.settings import FieldNames

FILLER = [
    {"question": f"Which town has the {word} museum?", "answer": f"It is in {word.title()}ville, beside the station."}
    for word in ("clock", "whale", "magnet", "bridge", "desert", "engine", "forest", "glacier", "harbour", "kettle")
]


def findings(run, training, evaluation, leakage="refuse"):
    files = {"training.jsonl": jsonl([*FILLER, *training]), "evaluation.jsonl": jsonl(evaluation)}
    found = run(files, NOVA, chunk=2**16, evaluation={"leakage": leakage}).prepared.findings
    return [(each.severity, each.rule) for each in found.kept if each.rule not in ("coverage", "openings-alike")]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
@pytest.mark.thorough
def test_tasks_made_from_templates_are_ready(run, task):
    made = records(task, 250)
    files = {"training.jsonl": jsonl(made[50:]), "evaluation.jsonl": jsonl(made[:50])}
    prepared = run(files, NOVA, chunk=2**16).prepared
    assert [str(each) for each in prepared.findings.kept if each.severity == "error"] == []
    assert not {"duplicate", "near-duplicate", "answers-differ"} & prepared.findings.counts.keys()
    # Nothing is tied together: both sides of the split have their share.
    assert 15 <= prepared.summary.validation_records <= 50


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_a_leaked_question_of_a_template_is_refused(run, task):
    made = records(task, 120)
    leaked = {**made[77], "question": made[77]["question"] + " "}
    files = {"training.jsonl": jsonl(made[20:]), "evaluation.jsonl": jsonl([*made[:20], leaked])}
    errors = run(files, NOVA, chunk=2**16).errors
    assert [(each.rule, each.line) for each in errors] == [("leakage", 21)]
    assert "training.jsonl, line 58" in errors[0].message


LONG = (
    "The harbour closes at night because the tide leaves too little water for the ferry, as the board at the pier says."
)
NEARLY_THE_SAME = [
    ("What is the speed limit on Main Street?", "What is a speed limit on the Main Street", "50", "30"),
    ("What's the 'speed limit' here?", "What’s the ‘speed limit’ here?", "50", "30"),
    ("Where is pier 4, please?", "Where is pier 4?", "North", "South"),
    ("What is the capital of France?", "What is the capital city of France?", "Paris", "Paris."),
    ("Why does the harbour close at night?", "Tell me why the harbour does close at night.", LONG, LONG),
    ("Why does the harbour close at night?", "Why does the harbour close every night?", LONG, f"{LONG} Truly so."),
]


@pytest.mark.parametrize(("one", "other", "answer", "again"), NEARLY_THE_SAME)
def test_nearly_the_same_question_is_refused(run, one, other, answer, again):
    trained, asked = {"question": one, "answer": answer}, {"question": other, "answer": again}
    assert findings(run, [trained], [asked]) == [("error", "leakage")]
    assert findings(run, [trained], [asked], "warn") == [("warning", "leakage")]
    assert findings(run, [trained, asked], [OTHER]) == [("warning", "near-duplicate")]


OTHER = {"question": "Why do comets have tails?", "answer": "Sunlight drives dust away from the ice."}
DIFFERENT = [
    ("not True or ( True or False ) is", "not ( True or True or False ) is", "True", "False"),
    ("True or ( not True and False ) is", "True or ( not False and True ) is", "True", "True"),
    (
        "Does the dog of the man bite the cat of the woman?",
        "Does the cat of the woman bite the dog of the man?",
        "a",
        "b",
    ),
    (
        "How many watts are 5 mW in this long circuit here?",
        "How many watts are 5 MW in this long circuit here?",
        "1",
        "2",
    ),
    ("Why does the harbour open at night?", "Why does the harbour close at night?", "Tide.", "Ebb."),
    ("Who founded the company in its first year in Rome?", "Who led the company in its first year in Rome?", "X", "Y"),
    ("Sum up 1 2 3 4 5 6 7 8 9 and then stop", "Sum up 1 2 3 4 5 6 7 8 10 and then stop", "ok", "ok"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other", "answer", "again"), DIFFERENT)
def test_other_questions_with_the_same_words_are_at_most_a_warning(run, one, other, answer, again):
    trained, asked = {"question": one, "answer": answer}, {"question": other, "answer": again}
    assert ("error", "leakage") not in findings(run, [trained], [asked])
    assert findings(run, [trained, asked], [OTHER]) == []


def test_words_alike_in_another_order_are_a_warning_that_says_so(run):
    question = "Compare the old pier in the north with the new pier in the south of the town by their {} and their {}."
    files = {
        "training.jsonl": jsonl([{"question": question.format("length", "height"), "answer": "The old one wins."}]),
        "evaluation.jsonl": jsonl([{"question": question.format("height", "length"), "answer": "The new one wins."}]),
    }
    found = run(files, NOVA, chunk=2**16).prepared.findings.kept
    [leak] = [each for each in found if each.rule == "leakage"]
    assert leak.severity == "warning"
    assert leak.message == "has most words of training.jsonl, line 1, but another question or answer."


def test_the_same_record_with_another_system_prompt_leaks(run):
    def chat(system: str, answer: str) -> dict:
        said = [("system", system), ("user", "Is the pier open?"), ("assistant", answer)]
        return {"messages": [{"role": role, "content": text} for role, text in said]}

    def errors(system: str, answer: str) -> list[str]:
        asked = chat(system, answer)
        files = {
            "training.jsonl": jsonl([chat("Answer in English.", "It is open.")] * 8),
            "evaluation.jsonl": jsonl([asked if system else {"messages": asked["messages"][1:]}]),
        }
        return [each.rule for each in run(files, LLAMA, chunk=2**16).errors if each.rule == "leakage"]

    assert errors("Answer in English.", "Es ist offen.") == ["leakage"]
    assert errors("Answer in German.", "Es ist offen.") == []
    assert errors("Answer in German.", "It is open.") == ["leakage"]
    assert errors("", "Es ist offen.") == [
        "leakage"
    ]  # the question is asked with the system prompt of the run, or none


def test_conversations_with_other_earlier_turns_are_different(run):
    def chat(first: str) -> dict:
        texts = [first, "Noted.", "Which pier is north?", "Pier 4."]
        roles = ["user", "assistant"] * 2
        return {"messages": [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]}

    training = [chat(f"Pier {number} was painted.") for number in range(20)]
    files = {"training.jsonl": jsonl(training), "evaluation.jsonl": jsonl([chat("Pier 21 was painted.")])}
    found = run(files, NOVA, chunk=2**16).prepared.findings
    assert not {"duplicate", "answers-differ"} & found.counts.keys()
    assert found.errors == 0


def split(made: list[dict], fraction: float = 0.15) -> tuple[list[dict], list[dict], list]:
    sinks = (MemorySink(), MemorySink())
    limits = RecordLimits(model(NOVA), "training", None)
    done = split_file(MemorySource("all.jsonl", jsonl(made), 2**16), limits, FieldNames(), fraction, None, sinks)
    training, validation = ([json.loads(line) for line in (sink.committed or b"").splitlines()] for sink in sinks)
    return training, validation, list(done.findings.kept)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
@pytest.mark.thorough
def test_a_template_task_is_split_and_no_side_changes_when_records_are_appended(task):
    made = records(task, 300)
    before, after = split(made[:200]), split(made)
    assert 10 <= len(before[1]) <= 60
    assert not before[2]
    assert [record for record in after[1] if record in made[:200]] == before[1]
