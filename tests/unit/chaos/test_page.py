"""The page of a campaign, and its verdict on the releases."""

import json

from tests.chaos import page
from tests.chaos.cases import Baseline, Case, Fault
from tests.chaos.results import Result
from tests.chaos.scenarios import SCENARIOS

FAULT = Fault("Purchase throughput", "bedrock.CreateProvisionedModelThroughput", "500, once", "rules")
SECOND = Fault("Release the throughput", "the function", "is cold", "cold")
CASE, PAIR = Case(SCENARIOS[0], (FAULT,)), Case(SCENARIOS[0], (FAULT, SECOND))
RELEASED = Result(
    name=CASE.name,
    scenario=SCENARIOS[0].name,
    place=FAULT.place,
    target=FAULT.target,
    fault=FAULT.name,
    statuses=("SUCCEEDED",),
    released_by=(1,),
    later_events=(),
    paid_seconds=2.5,
    findings=(),
    seconds=4.0,
)


def changed(result, **changes):
    return result.model_copy(update=changes)


LEAKED = changed(RELEASED, released_by=(), findings=("LEAK: arn:x is alive and paid for",), disabled_release=1)


def test_a_cell_names_the_release_and_the_paid_seconds():
    assert page.cell(RELEASED) == "1 (2.5 s)"
    assert page.cell(changed(RELEASED, released_by=(5,), later_events=("sweep",))) == "5 (2.5 s + ≤ 1 h)"
    assert page.cell(changed(RELEASED, released_by=())) == "·"
    assert page.cell(LEAKED) == "**LEAKS**"
    assert page.cell(changed(RELEASED, findings=("x",))) == "**fails**"


def test_a_release_is_unneeded_if_no_case_is_worse_without_it():
    assert page.unneeded_releases([RELEASED], [LEAKED]) == []
    assert page.unneeded_releases([RELEASED], [changed(RELEASED, disabled_release=1)]) == [1]
    assert page.unneeded_releases([RELEASED], []) == [1]


def test_the_page_has_the_case_and_the_leak_without_its_release():
    text = page.render([CASE], [RELEASED], [LEAKED], 1)
    assert "| Purchase throughput | `bedrock.CreateProvisionedModelThroughput` | once |  | 1 (2.5 s) |  |  |  |" in text
    assert f"| 1 | {CASE.name} | 1 (2.5 s) | **never: it leaks** |" in text


def test_a_page_of_a_sample_says_how_it_was_drawn():
    text = page.render([CASE], [RELEASED], [LEAKED], 9, seed=7)
    assert f"1 cases, {page.SAMPLE} 9" in text
    assert "are drawn with the seed 7: of the cases with one fault first" in text
    assert page.SAMPLE not in page.render([CASE], [RELEASED], [LEAKED], 1)


def test_results_are_read_as_they_were_written():
    assert Result.model_validate_json(RELEASED.model_dump_json()) == RELEASED


def test_results_keep_the_member_names_of_earlier_campaigns():
    members = "name situation place what fault ended released_by stages paid_seconds findings seconds off second"
    assert list(json.loads(RELEASED.model_dump_json())) == [*members.split(), "reached", "state", "first_findings"]


def test_baselines_are_read_as_they_were_written():
    document = {
        "situation": "provisioned throughput",
        "calls": [{"place": "Pin the inputs", "function": "pin_inputs", "service": "s3", "operation": "PutObject"}],
        "functions": ["Pin the inputs"],
        "states": ["Pin the inputs"],
    }
    assert json.loads(json.dumps(Baseline.read(document).document())) == document


def test_a_pair_has_a_row_that_says_when_its_second_place_was_not_reached():
    reached = changed(RELEASED, name=PAIR.name, second_fault=SECOND.name)
    missed = changed(reached, second_reached=False)
    row = f"| {FAULT.description} | {SECOND.description} | SUCCEEDED | 1 (2.5 s)"
    assert f"{row} |" in page.render([PAIR], [reached], [], 1)
    text = page.render([PAIR], [missed], [], 1)
    assert f"{row} (second place not reached) |" in text
    assert "1 pairs. In 0 of them the run reached the place of the second fault." in text


def test_the_page_names_the_commits_of_the_code():
    kept = RELEASED.of_state("abc1234 0123456789ab"), LEAKED.of_state("def5678 f123456789ab")
    text = page.render([CASE], [kept[0]], [kept[1]], 1)
    assert "Code: 1 at commit abc1234, 1 at commit def5678." in text


def test_a_page_of_a_sample_says_so():
    assert page.SAMPLE in page.render([CASE], [RELEASED], [LEAKED], 2)
    assert page.SAMPLE not in page.render([CASE], [RELEASED], [LEAKED], 1)


def test_the_page_lists_the_findings():
    finding = "the report of case-1-54335409-f9954ba7bc88 says SUCCEEDED, its execution is ABORTED"
    text = page.render([CASE], [changed(RELEASED, findings=(finding,))], [], 1)
    assert f"- {CASE.name}: the report of the run says SUCCEEDED, its execution is ABORTED" in text
    assert "None." in page.render([CASE], [RELEASED], [], 1)
