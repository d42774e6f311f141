"""Which cases a campaign runs, runs again, and takes from an earlier campaign."""

import pytest

from tests.chaos.campaign import BrokenRunError, Campaign, CampaignSize, Outcome, kept_outcome
from tests.chaos.cases import Baseline, Case, Fault
from tests.chaos.results import Result
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.workers.worker_pool import Task

PLAIN = Case(SCENARIOS[0])
BROKEN = Case(SCENARIOS[0], (Fault("Purchase throughput", "the function", "is cold", "cold"),))


class FakePool:
    """Gives the findings for the first, second, ... run of a case with (`broken`) or without (`plain`) a fault."""

    def __init__(self, **findings):
        self.findings, self.cases = findings, []

    def run(self, tasks):
        for task in tasks:
            self.cases.append(task.case)
            given = self.findings.get("broken" if task.case.faults else "plain", [])
            times = self.cases.count(task.case)
            result = Result(
                name=task.case.name,
                scenario=task.case.scenario.name,
                place="",
                target="",
                fault="",
                statuses=("SUCCEEDED",),
                released_by=(1,),
                later_events=(),
                paid_seconds=1.0,
                findings=given[times - 1] if times <= len(given) else (),
                seconds=1.0,
                disabled_release=task.disabled_release,
            )
            yield result, None if task.case.faults else Baseline(task.case.name, (), (), ())


def campaign(pool, folder, code_state="c0ffee 1", keep=False):
    return Campaign(pool, folder, lambda line: None, code_state, keep)


def without_release(result):
    return result.model_copy(update={"disabled_release": 1, "released_by": ()})


def test_a_failed_case_runs_again_and_both_findings_are_kept(tmp_path):
    pool = FakePool(broken=[("ended late",)])
    [result] = campaign(pool, tmp_path).results_of([Task(BROKEN)])
    assert (pool.cases, result.findings, result.first_findings) == ([BROKEN] * 2, (), ("ended late",))
    assert Outcome(1, [BROKEN], [result], [without_release(result)]).failures() == []


def test_a_leak_in_the_first_attempt_remains_a_failure(tmp_path):
    [result] = campaign(FakePool(broken=[("LEAK: x is alive",)]), tmp_path).results_of([Task(BROKEN)])
    assert Outcome(1, [BROKEN], [result], [without_release(result)]).failures()


def test_a_run_without_a_fault_must_pass(tmp_path):
    with pytest.raises(BrokenRunError, match="fails its checks"):
        campaign(FakePool(plain=[("x",), ("x",)]), tmp_path).results_of([Task(PLAIN)])
    assert campaign(FakePool(plain=[("x",)]), tmp_path).results_of([Task(PLAIN)])[0].findings == ()


def test_an_interrupted_campaign_continues(tmp_path):
    campaign(FakePool(), tmp_path).results_of([Task(PLAIN)])
    pool = FakePool()
    campaign(pool, tmp_path, "other-docs 1").results_of([Task(PLAIN), Task(BROKEN)])
    assert pool.cases == [BROKEN]


@pytest.mark.parametrize(("keep", "expected"), [(False, [PLAIN, BROKEN]), (True, [BROKEN])])
def test_after_a_change_of_the_code_passed_cases_are_kept_only_with_keep(tmp_path, keep, expected):
    pool = FakePool(broken=[("x",)] * 9)
    campaign(pool, tmp_path).results_of([Task(PLAIN), Task(BROKEN)])
    pool = FakePool()
    results = campaign(pool, tmp_path, "c0ffee 2", keep).results_of([Task(PLAIN), Task(BROKEN)])
    assert sorted(pool.cases, key=lambda case: len(case.faults)) == expected
    assert [result.code_state for result in results] == ["c0ffee 1" if keep else "c0ffee 2", "c0ffee 2"]


def test_only_the_named_runs_get_faults(tmp_path):
    outcome = campaign(FakePool(), tmp_path).run(CampaignSize(modelled=0, only="batch|candidates"))
    assert {case.scenario.name for case in outcome.cases} == {scenario.name for scenario in SCENARIOS}
    assert not [case for case in outcome.cases if case.faults], "the baselines of the fake pool have no calls"
    assert len(outcome.cases) == outcome.all_cases


def test_the_outcome_can_be_read_from_the_kept_results_without_running_anything(tmp_path):
    size = CampaignSize(singles=0, pairs=0, modelled=0)
    outcome = campaign(FakePool(), tmp_path).run(size)
    assert kept_outcome(tmp_path, size) == outcome
