"""The page and the verdict over the releases."""

from dataclasses import replace

from tests.chaos import page
from tests.chaos.cases import Case, Fault
from tests.chaos.results import Result
from tests.chaos.scenarios import SCENARIOS

FAULT = Fault("Purchase throughput", "bedrock.CreateProvisionedModelThroughput", "500, once", "rules")
THEN = Fault("Release the throughput", "the function", "is cold", "cold")
CASE, PAIR = Case(SCENARIOS[0], (FAULT,)), Case(SCENARIOS[0], (FAULT, THEN))
SURVIVED = Result(
    CASE.name, SCENARIOS[0].name, FAULT.place, FAULT.what, FAULT.name, ("SUCCEEDED",), (1,), (), 2.5, (), 4.0
)
LEAKED = replace(SURVIVED, released_by=(), findings=("LEAK: arn:x is alive and paid for",), off=1)


def test_a_cell_says_who_released_and_what_it_cost():
    assert page.cell(SURVIVED) == "1 (2.5 s)"
    assert page.cell(replace(SURVIVED, released_by=(5,), stages=("sweep",))) == "5 (2.5 s + ≤ 1 h)"
    assert page.cell(replace(SURVIVED, released_by=())) == "·"
    assert page.cell(LEAKED) == "**LEAKS**"
    assert page.cell(replace(SURVIVED, findings=("x",))) == "**fails**"


def test_a_release_that_nothing_misses_is_named():
    assert page.blind([SURVIVED], [LEAKED]) == []
    assert page.blind([SURVIVED], [replace(SURVIVED, off=1)]) == [1]
    assert page.blind([SURVIVED], []) == [1]


def test_the_page_has_the_case_and_what_leaks_without_its_release():
    text = page.render([CASE], [SURVIVED], [LEAKED], 1)
    assert "| Purchase throughput | `bedrock.CreateProvisionedModelThroughput` | once |  | 1 (2.5 s) |  |  |  |" in text
    assert f"| 1 | {CASE.name} | 1 (2.5 s) | **nobody: it leaks** |" in text


def test_results_are_read_as_they_were_written():
    assert Result.read(SURVIVED.line()) == SURVIVED


def test_a_pair_has_its_row_and_says_when_its_second_place_was_not_reached():
    met = replace(SURVIVED, name=PAIR.name, second=THEN.name)
    missed = replace(met, reached=False)
    row = f"| {FAULT.words} | {THEN.words} | SUCCEEDED | 1 (2.5 s)"
    assert f"{row} |" in page.render([PAIR], [met], [], 1)
    text = page.render([PAIR], [missed], [], 1)
    assert f"{row} (second place not reached) |" in text
    assert "1 pairs; in 0 the run also reached" in text


def test_the_page_says_which_state_of_the_code_was_played():
    text = page.render([CASE], [SURVIVED.at("abc1234 0123456789ab")], [LEAKED.at("def5678 f123456789ab")], 1)
    assert "Played: 1 at commit abc1234, 1 at commit def5678." in text


def test_a_page_of_a_sample_says_so():
    assert page.SAMPLE in page.render([CASE], [SURVIVED], [LEAKED], 2)
    assert page.SAMPLE not in page.render([CASE], [SURVIVED], [LEAKED], 1)


def test_the_page_names_what_failed():
    finding = "the report of case-1-54335409-f9954ba7bc88 says SUCCEEDED, its execution is ABORTED"
    text = page.render([CASE], [replace(SURVIVED, findings=(finding,))], [], 1)
    assert f"- {CASE.name}: the report of the run says SUCCEEDED, its execution is ABORTED" in text
    assert "Nothing." in page.render([CASE], [SURVIVED], [], 1)
