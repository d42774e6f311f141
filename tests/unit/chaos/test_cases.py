"""The cases are derived from the baselines and from the state machine."""

from collections import Counter
from dataclasses import replace

import pytest

from statemachine.definition import definition
from tests.chaos import protocol_cases
from tests.chaos.cases import Baseline, derived, release_states, sampled, states_of
from tests.chaos.injection.faults import CALL_FAULTS, FUNCTION_FAULTS, STALE_READS, STOPS, Call
from tests.chaos.observations import release_at
from tests.chaos.scenarios import LONG_TRAINING, SCENARIOS
from tests.chaos.two_fault_cases import ends, pairs
from tests.protocol import session as options
from tests.protocol.session import Deviation
from tests.protocol.transitions import FIRST_SWEEP, SITUATIONS
from tests.protocol.world import HOUR

PIN = Call("Pin the inputs", "pin_inputs", "s3", "PutObject")
READ = Call("Pin the inputs", "pin_inputs", "s3", "GetObject")
BUY = Call("Purchase throughput", "purchase_throughput", "bedrock", "CreateProvisionedModelThroughput")
FREE = Call("Release the throughput", "release_throughput", "bedrock", "DeleteProvisionedModelThroughput")
LATER = Call("release_throughput by the rule", "release_throughput", "bedrock", "DeleteProvisionedModelThroughput")
REPORT = Call("Report the failure", "write_report", "s3", "PutObject")
BROKEN = sum(len(fault.durations) for fault in CALL_FAULTS)


def baselines(**found):
    """Of all scenarios; those that are not named met what the first one did."""
    calls = {name: found.get(name.replace(" ", "_"), (PIN,)) for name in (s.name for s in SCENARIOS)}
    return [
        Baseline(name, made, tuple(c.place for c in made), tuple(c.place for c in made)) for name, made in calls.items()
    ]


def rules(cases):
    """The faults of calls."""
    return [fault for case in cases for fault in case.faults if fault.action == "rules"]


def test_a_call_that_changes_a_lifecycle_gets_every_fault():
    found = rules(derived(baselines(provisioned_throughput=(BUY,))))
    assert len([fault for fault in found if fault.place == BUY.place]) == BROKEN
    assert {fault.rules[0]["headers"]["User-Agent"] for fault in found} >= {"app/purchase_throughput."}
    assert {fault.rules[-1].get("times") for fault in found} == {1, 8, None}


def test_other_calls_get_two_faults_in_rotation_and_a_write_is_also_cut_after_its_effect():
    found = rules(derived(baselines(provisioned_throughput=(READ, PIN))))
    assert [fault.name for fault in found if fault.target == "s3.GetObject"] == [
        "throttled, once",
        "cut before it acted, lasting",
    ]
    assert [fault.name for fault in found if fault.target == "s3.PutObject"] == [
        "500, once",
        "cut after it acted, lasting",
    ]


def test_stale_reads_follow_only_a_function_that_creates_something():
    cases = derived(baselines(provisioned_throughput=(PIN, BUY)))
    assert [fault.place for case in cases for fault in case.faults if fault.action == "stale reads"] == [BUY.place]


def test_a_lasting_hang_ends_with_cut_connections():
    (case,) = [
        fault for fault in rules(derived(baselines(provisioned_throughput=(BUY,)))) if fault.name == "hangs, lasting"
    ]
    hangs, cut = case.rules
    assert ("timeout_ms" in hangs, hangs["times"] > 1) == (True, True)
    assert cut["reset"] and "times" not in cut
    assert cut["headers"] == hangs["headers"]


def test_a_later_scenario_gets_faults_only_for_what_no_earlier_one_has():
    cases = derived(baselines(Bedrock_fails_the_job=(PIN, BUY)))
    later = [case for case in cases if case.scenario.name == "Bedrock fails the job"]
    assert {case.faults[0].place for case in later} == {BUY.place}
    assert len(later) == BROKEN + len(FUNCTION_FAULTS) + len(STALE_READS) + len(STOPS)


def test_a_scenario_that_begins_again_gets_all_faults_from_there_on():
    start = Call("Start the customization", "start_customization", "bedrock", "CreateModelCustomizationJob")
    calls = (PIN, start, BUY)
    cases = derived(baselines(provisioned_throughput=calls, two_candidates=calls))
    later = [case for case in cases if case.scenario.name == "two candidates"]
    assert {case.faults[0].place for case in later} == {start.place, BUY.place}
    assert len(later) == 2 * (BROKEN + len(FUNCTION_FAULTS) + len(STALE_READS) + len(STOPS))


def test_every_place_at_which_a_scenario_begins_again_is_a_state_or_an_event():
    states = states_of(definition())
    places = {scenario.again_from for scenario in SCENARIOS if scenario.again_from}
    assert {place for place in places if place not in states} == {"release_throughput by the rule"}


def test_names_of_cases_are_unique():
    names = [case.name for case in derived(baselines(not_served=(PIN, REPORT)))]
    names += [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))


def test_a_seed_always_draws_the_same_cases_and_another_seed_draws_others():
    cases = derived(baselines(provisioned_throughput=(PIN, BUY)))
    assert sampled(cases, 5, 1) == sampled(cases, 5, 1) != sampled(cases, 5, 2)
    assert len(sampled(cases, 5, 1)) == 5
    assert sampled(cases, None, 1) == cases


def test_a_sample_has_each_scenario_first_then_each_place_and_contains_the_smaller_ones():
    met = {"provisioned_throughput": (PIN, READ, BUY), "not_served": (PIN, FREE), "two_candidates": (PIN, REPORT)}
    cases = derived(baselines(**met))
    scenarios = {case.scenario.name for case in cases}
    places = {(case.scenario.name, case.faults[0].place) for case in cases}
    assert (len(scenarios), len(places)) == (3, 4)
    for seed in range(9):
        few, more = sampled(cases, 3, seed), sampled(cases, 4, seed)
        assert {case.scenario.name for case in few} == scenarios
        assert {(case.scenario.name, case.faults[0].place) for case in more} == places
        assert {case.name for case in few} < {case.name for case in more}


class TestPairs:
    @pytest.fixture
    def found(self):
        met = baselines(provisioned_throughput=(PIN, BUY, FREE), stopped_while_it_buys=(PIN, LATER))
        return pairs(met, each=2)

    def test_both_faults_change_a_lifecycle_and_the_second_comes_later(self, found):
        places = {tuple(fault.place for fault in case.faults) for case in found}
        assert places == {(BUY.place, FREE.place), (BUY.place, LATER.place), (FREE.place, LATER.place)}

    def test_a_fault_that_ends_the_run_is_followed_by_one_of_a_release(self, found):
        for case in found:
            first, second = case.faults
            assert (second.place == LATER.place) == ends(first)

    def test_every_kind_of_fault_is_followed_by_every_kind_that_can_follow_it(self, found):
        kinds = Counter((first.name, second.name) for first, second in (case.faults for case in found))
        survived = {first for first, _ in kinds if not first.endswith("lasting") and not first.startswith("stopped")}
        assert {
            "is cold",
            "is throttled for minutes",
            "is followed by stale reads",
            "throttled, for minutes",
        } <= survived
        assert {second for first, second in kinds if first == "is cold"} >= survived - {"is followed by stale reads"}
        assert max(kinds.values()) <= 2

    def test_a_run_that_is_stopped_while_it_starts_its_job_has_a_long_training(self):
        start = Call("Start the customization", "start_customization", "bedrock", "CreateModelCustomizationJob")
        found = pairs(baselines(provisioned_throughput=(start, BUY), stopped_while_it_buys=(PIN, LATER)))
        for case in found:
            first, _ = case.faults
            stopped = first.intervention == "stop the execution"
            assert (case.scenario is LONG_TRAINING) == (stopped and first.place == start.place)
        assert any(case.scenario is LONG_TRAINING for case in found)

    def test_names_of_pairs_are_unique_and_always_the_same(self, found):
        names = [case.name for case in found]
        assert len(names) == len(set(names))
        again = pairs(baselines(provisioned_throughput=(PIN, BUY, FREE), stopped_while_it_buys=(PIN, LATER)), each=2)
        assert [case.name for case in again] == names


def test_the_courses_of_the_model_are_cases_with_two_faults(monkeypatch):
    lasting, stopped = options.OUTAGE, options.STOPPED
    injected = {option: protocol_cases.INJECTED[option] for option in (lasting, stopped)}
    monkeypatch.setattr(protocol_cases, "INJECTED", injected)
    monkeypatch.setattr(protocol_cases, "SITUATIONS", SITUATIONS[:1])
    found = protocol_cases.modelled()
    assert {fault.name for case in found for fault in case.faults} == {lasting, stopped}
    assert {case.faults[1].place for case in found} >= {"release_throughput by the rule", "Release after a failure"}
    assert len({case.name for case in found}) == len(found)


def test_every_state_of_the_model_is_a_place_that_the_harness_holds():
    states = states_of(definition())
    places = [protocol_cases.place_of(name) for situation in SITUATIONS for name in situation.states]
    assert {states[place]["Type"] for place in places} == {"Task", "Wait"}


class TestSweepDuringTheRun:
    """The model's sweep comes every hour. The harness runs it once while a run trains, and otherwise after it."""

    FUNCTION = "release_throughput"
    FIRST = Deviation(
        1, options.THROTTLED, FIRST_SWEEP, protocol_cases.SWEEP, "bedrock.ListModelCustomizationJobs", FUNCTION
    )
    STATE = Deviation(2, options.STOPPED, FIRST_SWEEP + 60, "Score the answers", "the execution")
    SWITCH = Deviation(2, options.CRASH_AFTER, FIRST_SWEEP + 60, f"{FUNCTION} by the switch", "x", FUNCTION)

    @pytest.mark.parametrize(("second", "seconds"), [(STATE, 0), (SWITCH, 0), (STATE, 60)])
    def test_the_first_sweep_is_run_when_the_job_is_started(self, second, seconds):
        case = protocol_cases.case_of(SCENARIOS[0], replace(self.FIRST, at=FIRST_SWEEP + seconds), second)
        assert case
        held = case.scenario
        assert (held.intervention, held.place, held.held) == ("run the sweep", "Start the customization", "hold after")
        assert case.name.startswith(f"{SCENARIOS[0].name}, swept while it trains · {protocol_cases.SWEEP}")

    def test_a_later_sweep_is_followed_only_by_what_comes_after_a_run(self):
        later = replace(self.FIRST, at=FIRST_SWEEP + HOUR)
        assert protocol_cases.case_of(SCENARIOS[0], later, self.STATE) is None
        case = protocol_cases.case_of(SCENARIOS[0], later, self.SWITCH)
        assert case
        assert case.scenario is SCENARIOS[0]

    def test_a_sweep_after_a_fault_of_the_run_comes_after_it(self):
        case = protocol_cases.case_of(SCENARIOS[0], self.STATE, self.FIRST)
        assert case
        assert case.scenario is SCENARIOS[0]


def test_release_states_are_distinguished_by_whether_a_catch_leads_to_them():
    in_course, after_a_failure = release_states(definition())
    assert "Release the throughput" in in_course
    assert after_a_failure == {"Release after a failure"}


def test_every_place_of_a_release_has_its_number():
    places = ["Release the throughput", "Release after a failure", "x by the rule", "x by the switch", "x by the sweep"]
    assert [release_at(place) for place in places] == [1, 2, 3, 4, 5]
    assert release_at("Pin the inputs") == 0
