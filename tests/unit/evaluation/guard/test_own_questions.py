"""The guard questions of a dataset: `guard.*`."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.datasets.memory_files import MemorySource
from tuner.catalog.guard_questions import GuardCheck, packaged
from tuner.core.run import role_of
from tuner.datasets.findings import Findings
from tuner.evaluation.guard.own_questions import MOST_OWN, own_questions

ROOT = Path(__file__).parents[4]
DEPTH = {
    "question": "How deep is pier 4?",
    "check": {"contains": ["nine", "9"]},
    "right": "Nine metres.",
    "wrong": "6 m",
}


def read(*records: object, name: str = "guard.jsonl") -> tuple[list[tuple[str, str]], list[str]]:
    """The id and category of each question that can be used, and the findings."""
    findings = Findings()
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    found = own_questions(MemorySource(name, data), findings)
    return [(each.id, each.category) for each in found], [str(finding) for finding in findings.kept]


def changed(**members: object) -> Mapping[str, object]:
    return DEPTH | members


@pytest.mark.parametrize("name", ["guard.json", "guard.jsonl.gz", "guard.parquet"])
def test_the_file_is_part_of_a_dataset(name: str) -> None:
    assert role_of(name) == "guard"


def test_a_record_needs_no_id_and_no_category() -> None:
    questions, problems = read(DEPTH, changed(question="And pier 5?", id="p5", category="knowledge", wrong=None))
    assert not problems
    assert questions[0][0].startswith("own-")
    assert [category for _, category in questions] == ["own", "knowledge"]
    assert questions[1][0] == "p5"
    assert read(DEPTH)[0] == questions[:1], "the id is made of the question"


def test_the_packaged_questions_have_the_same_format() -> None:
    records = [{**each.model_dump(exclude_defaults=True), "id": f"x-{each.id}"} for each in packaged()]
    questions, problems = read(*records)
    assert (len(questions), problems) == (200, [])


def test_an_array_is_read_too() -> None:
    findings = Findings()
    data = json.dumps([DEPTH, changed(question="And pier 5?")], indent=1).encode()
    assert len(own_questions(MemorySource("guard.json", data), findings)) == 2
    assert not findings.errors


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("text", "the record is no object"),
        (changed(question=" "), "'question': is empty"),
        (changed(question="a" * 9_000), "'question': has 9,000 characters"),
        ({"question": "How deep?", "right": "9"}, "check: is missing"),
        ({"question": "How deep?", "check": {"contains": ["9"]}}, "right: is missing"),
        (changed(check={}), "has no condition, so every answer passes"),
        (changed(check={"contain": ["9"]}), "check.contain: there is no such key. Did you mean 'contains'?"),
        (changed(check={"contains": "9"}), "check.contains: must be a list"),
        (changed(check="9"), "check: must contain keys and values"),
        (changed(category="harm"), "category: must be "),
        (changed(right="Six."), "'right': this answer does not pass the check"),
        (changed(wrong="nine"), "'wrong': this answer passes the check"),
        (changed(check={"pattern": "("}), "'check.pattern': is no regular expression"),
        (changed(check={"pattern": "(a+)+b"}), "'check.pattern': repeats a group"),
        (changed(check={"pattern": "(?x)(a+) *b"}), "'check.pattern': has the flag x"),
        (changed(check={"pattern": "(?s-ix:(a+)#\n*)b"}), "'check.pattern': has the flag x"),
        (changed(check={"pattern": "a*a*a*a*b"}), "'check.pattern': has more than three repetitions"),
        (changed(check={"pattern": "a?" * 20 + "a" * 20}), "six optional parts"),
        (changed(check={"pattern": "a" * 300}), "'check.pattern': has 300 characters"),
        (changed(id=packaged()[0].id), "is the id of a packaged guard question"),
        (changed(question="First?"), "'question': line 1 asks the same question"),
        (changed(id="first", question="Other?"), "'id': line 1 has the same id, 'first'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(record: object, message: str) -> None:
    first = DEPTH | {"id": "first", "question": "First?"}
    questions, [problem] = read(first, record)
    assert len(questions) == 1
    assert re.match(r"guard.jsonl, line 2[,:] ", problem)
    assert message in problem


def test_a_slow_pattern_is_refused_before_it_is_used() -> None:
    began = time.process_time()
    [problem] = read(changed(check={"pattern": "(?:a|aa)+$"}, right="a" * 60 + "b"))[1]
    assert "repeats a group" in problem
    assert time.process_time() - began < 1


def test_a_pattern_without_repeated_groups_is_used() -> None:
    assert not read(changed(check={"pattern": r"(?:nine|9)( \w+)?[.*+{]?"}, right="nine metres."))[1]


def test_a_record_that_cannot_be_parsed_is_named() -> None:
    findings = Findings()
    data = json.dumps(DEPTH).encode() + b'\n{"question": oh}\n'
    assert len(own_questions(MemorySource("guard.jsonl", data), findings)) == 1
    assert str(findings.kept[0]).startswith("guard.jsonl, line 2: ")


def test_there_are_at_most_so_many() -> None:
    records = [changed(question=f"How deep is pier {n}?") for n in range(MOST_OWN + 5)]
    questions, [problem] = read(*records)
    assert len(questions) == MOST_OWN
    assert f"line {MOST_OWN + 1}" in problem
    assert "more than 200 guard questions" in problem


def test_an_empty_file_is_an_error() -> None:
    findings = Findings()
    assert own_questions(MemorySource("guard.json", b"[]"), findings) == ()
    assert "no records" in str(findings.kept[0])


def test_the_documentation_names_every_condition() -> None:
    text = (ROOT / "docs" / "evaluation.md").read_text()
    section = text[text.index("### Your own guard questions") :]
    section = section[: section.index("\n## ")]
    assert [name for name in GuardCheck.model_fields if f"`{name}`" not in section] == []
