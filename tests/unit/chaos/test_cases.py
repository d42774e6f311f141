"""The cases follow from what the baselines met and from the state machine."""

from collections import Counter

import pytest

from statemachine.definition import definition
from tests.chaos.cases import Baseline, derived, release_states, sampled
from tests.chaos.faults import CALL_FAULTS, FUNCTION_FAULTS, STALE, STOPS, Call
from tests.chaos.observations import release_at
from tests.chaos.pairs import ends, pairs
from tests.chaos.scenarios import LONG_TRAINING, SCENARIOS

PIN = Call("Pin the inputs", "pin_inputs", "s3", "PutObject")
READ = Call("Pin the inputs", "pin_inputs", "s3", "GetObject")
BUY = Call("Purchase throughput", "purchase_throughput", "bedrock", "CreateProvisionedModelThroughput")
FREE = Call("Release the throughput", "release_throughput", "bedrock", "DeleteProvisionedModelThroughput")
LATER = Call("release_throughput by the rule", "release_throughput", "bedrock", "DeleteProvisionedModelThroughput")
REPORT = Call("Report the failure", "write_report", "s3", "PutObject")
BROKEN = sum(len(fault.extents) for fault in CALL_FAULTS)


def baselines(**found):
    """Of all situations; those that are not named met what the first one did."""
    calls = {name: found.get(name.replace(" ", "_"), (PIN,)) for name in (s.name for s in SCENARIOS)}
    return [
        Baseline(name, met, tuple(c.place for c in met), tuple(c.place for c in met)) for name, met in calls.items()
    ]


def rules(cases):
    """The faults of calls."""
    return [fault for case in cases for fault in case.faults if fault.act == "rules"]


def test_a_call_of_the_protocol_is_broken_in_every_way():
    found = rules(derived(baselines(provisioned_throughput=(BUY,))))
    assert len([fault for fault in found if fault.place == BUY.place]) == BROKEN
    assert {fault.rules[0]["headers"]["User-Agent"] for fault in found} >= {"app/purchase_throughput."}
    assert {fault.rules[-1].get("times") for fault in found} == {1, 8, None}


def test_other_calls_are_broken_in_two_ways_in_turn_and_a_written_file_also_after_it_was_written():
    found = rules(derived(baselines(provisioned_throughput=(READ, PIN))))
    assert [fault.name for fault in found if fault.what == "s3.GetObject"] == [
        "throttled, once",
        "cut before it acted, lasting",
    ]
    assert [fault.name for fault in found if fault.what == "s3.PutObject"] == [
        "500, once",
        "cut after it acted, lasting",
    ]


def test_only_where_something_is_made_do_reads_miss_it():
    cases = derived(baselines(provisioned_throughput=(PIN, BUY)))
    assert [fault.place for case in cases for fault in case.faults if fault.act == "stale reads"] == [BUY.place]


def test_a_call_that_hangs_lastingly_is_cut_in_the_end():
    (case,) = [
        fault for fault in rules(derived(baselines(provisioned_throughput=(BUY,)))) if fault.name == "hangs, lasting"
    ]
    hangs, cut = case.rules
    assert ("timeout_ms" in hangs, hangs["times"] > 1) == (True, True)
    assert cut["reset"] and "times" not in cut
    assert cut["headers"] == hangs["headers"]


def test_only_what_no_earlier_situation_met_is_broken_in_a_later_one():
    cases = derived(baselines(Bedrock_fails_the_job=(PIN, BUY)))
    later = [case for case in cases if case.situation.name == "Bedrock fails the job"]
    assert {case.faults[0].place for case in later} == {BUY.place}
    assert len(later) == BROKEN + len(FUNCTION_FAULTS) + len(STALE) + len(STOPS)


def test_no_two_cases_have_one_name():
    names = [case.name for case in derived(baselines(not_served=(PIN, REPORT)))]
    names += [situation.name for situation in SCENARIOS]
    assert len(names) == len(set(names))


def test_a_seed_draws_the_same_cases_again_and_another_seed_others():
    cases = derived(baselines(provisioned_throughput=(PIN, BUY)))
    assert sampled(cases, 5, 1) == sampled(cases, 5, 1) != sampled(cases, 5, 2)
    assert len(sampled(cases, 5, 1)) == 5
    assert sampled(cases, None, 1) == cases


class TestPairs:
    @pytest.fixture
    def found(self):
        met = baselines(provisioned_throughput=(PIN, BUY, FREE), stopped_while_it_buys=(PIN, LATER))
        return pairs(met, each=2)

    def test_both_faults_are_at_the_protocol_and_the_second_comes_later(self, found):
        places = {tuple(fault.place for fault in case.faults) for case in found}
        assert places == {(BUY.place, FREE.place), (BUY.place, LATER.place), (FREE.place, LATER.place)}

    def test_what_a_run_survives_is_followed_in_its_course_and_what_ends_it_by_what_releases(self, found):
        for case in found:
            first, second = case.faults
            assert (second.place == LATER.place) == ends(first)

    def test_every_kind_is_followed_by_every_kind_that_can_follow_it(self, found):
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

    def test_a_run_that_is_stopped_as_it_starts_its_job_trains_for_long(self):
        start = Call("Start the customization", "start_customization", "bedrock", "CreateModelCustomizationJob")
        found = pairs(baselines(provisioned_throughput=(start, BUY), stopped_while_it_buys=(PIN, LATER)))
        for case in found:
            first, _ = case.faults
            stopped = first.meanwhile == "stop the execution"
            assert (case.situation is LONG_TRAINING) == (stopped and first.place == start.place)
        assert any(case.situation is LONG_TRAINING for case in found)

    def test_no_two_pairs_have_one_name_and_they_are_the_same_each_time(self, found):
        names = [case.name for case in found]
        assert len(names) == len(set(names))
        again = pairs(baselines(provisioned_throughput=(PIN, BUY, FREE), stopped_while_it_buys=(PIN, LATER)), each=2)
        assert [case.name for case in again] == names


def test_releasing_states_are_told_apart_by_what_leads_to_them():
    in_course, after_a_failure = release_states(definition())
    assert "Release the throughput" in in_course
    assert after_a_failure == {"Release after a failure"}


def test_every_place_of_the_release_has_its_number():
    places = ["Release the throughput", "Release after a failure", "x by the rule", "x by the switch", "x by the sweep"]
    assert [release_at(place) for place in places] == [1, 2, 3, 4, 5]
    assert release_at("Pin the inputs") == 0
