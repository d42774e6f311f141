"""What is played, played again, and taken from an earlier campaign."""

from dataclasses import replace

import pytest

from tests.chaos.campaign import BrokenRunError, Campaign, Outcome
from tests.chaos.cases import Baseline, Case, Fault
from tests.chaos.results import Result
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.worker_pool import Task

PLAIN = Case(SCENARIOS[0])
BROKEN = Case(SCENARIOS[0], (Fault("Purchase throughput", "the function", "is cold", "cold"),))


class WorkerPool:
    """Plays each case with the findings that are told for its first, second, … time."""

    def __init__(self, **findings):
        self.findings, self.played = findings, []

    def play(self, tasks):
        for task in tasks:
            self.played.append(task.case)
            told = self.findings.get("broken" if task.case.faults else "plain", [])
            times = self.played.count(task.case)
            found = told[times - 1] if times <= len(told) else ()
            name = task.case.name
            result = Result(name, task.case.situation.name, "", "", "", ("SUCCEEDED",), (1,), (), 1.0, found, 1.0)
            yield result, None if task.case.faults else Baseline(name, (), (), ())


def campaign(lanes, folder, state="c0ffee 1", keep=False):
    return Campaign(lanes, folder, lambda words: None, state, keep)


def test_what_failed_is_played_again_and_both_are_told(tmp_path):
    lanes = WorkerPool(broken=[("ended late",)])
    [result] = campaign(lanes, tmp_path).play([Task(BROKEN)])
    assert (lanes.played, result.findings, result.first_findings) == ([BROKEN] * 2, (), ("ended late",))
    assert Outcome(1, [BROKEN], [result], [replace(result, off=1, released_by=())]).wrong() == []


def test_a_leak_at_the_first_try_stays_wrong(tmp_path):
    [result] = campaign(WorkerPool(broken=[("LEAK: x is alive",)]), tmp_path).play([Task(BROKEN)])
    assert Outcome(1, [BROKEN], [result], [replace(result, off=1, released_by=())]).wrong()


def test_a_run_without_a_fault_must_hold(tmp_path):
    with pytest.raises(BrokenRunError, match="does not hold"):
        campaign(WorkerPool(plain=[("x",), ("x",)]), tmp_path).play([Task(PLAIN)])
    assert campaign(WorkerPool(plain=[("x",)]), tmp_path).play([Task(PLAIN)])[0].findings == ()


def test_an_interrupted_campaign_goes_on(tmp_path):
    campaign(WorkerPool(), tmp_path).play([Task(PLAIN)])
    lanes = WorkerPool()
    campaign(lanes, tmp_path, "other-docs 1").play([Task(PLAIN), Task(BROKEN)])
    assert lanes.played == [BROKEN]


@pytest.mark.parametrize(("keep", "played"), [(False, [PLAIN, BROKEN]), (True, [BROKEN])])
def test_after_a_change_of_the_code_what_held_is_kept_only_if_asked(tmp_path, keep, played):
    lanes = WorkerPool(broken=[("x",)] * 9)
    campaign(lanes, tmp_path).play([Task(PLAIN), Task(BROKEN)])
    lanes = WorkerPool()
    results = campaign(lanes, tmp_path, "c0ffee 2", keep).play([Task(PLAIN), Task(BROKEN)])
    assert sorted(lanes.played, key=lambda case: len(case.faults)) == played
    assert [result.state for result in results] == ["c0ffee 1" if keep else "c0ffee 2", "c0ffee 2"]
