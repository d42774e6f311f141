"""The cases follow from what the baselines met and from the state machine."""

from statemachine.definition import definition
from tests.chaos.cases import Baseline, derived, release_states, sampled
from tests.chaos.faults import CALL_FAULTS, FUNCTION_FAULTS, STOPS, Call
from tests.chaos.seen import release_at
from tests.chaos.situations import SITUATIONS

PIN = Call("Pin the inputs", "pin_inputs", "s3", "PutObject")
REPORT = Call("Report the failure", "write_report", "s3", "PutObject")


def baselines(**found):
    """Of all situations; those that are not named met what the first one did."""
    calls = {name: found.get(name.replace(" ", "_"), (PIN,)) for name in (s.name for s in SITUATIONS)}
    return [
        Baseline(name, met, tuple(c.place for c in met), tuple(c.place for c in met)) for name, met in calls.items()
    ]


def test_a_call_is_broken_in_every_way_once_and_lasting():
    cases = [case for case in derived(baselines()) if case.act == "rules"]
    assert len(cases) == 2 * len(CALL_FAULTS)
    assert {case.situation.name for case in cases} == {SITUATIONS[0].name}
    assert {case.rules[0]["headers"]["User-Agent"] for case in cases} == {"app/pin_inputs."}
    assert {case.rules[-1].get("times") for case in cases} == {1, None}


def test_a_call_that_hangs_lastingly_is_cut_in_the_end():
    (case,) = [case for case in derived(baselines()) if case.fault == "hangs, lasting"]
    hangs, cut = case.rules
    assert ("timeout_ms" in hangs, hangs["times"] > 1) == (True, True)
    assert cut["reset"] and "times" not in cut
    assert cut["headers"] == hangs["headers"]


def test_only_what_no_earlier_situation_met_is_broken_in_a_later_one():
    cases = derived(baselines(Bedrock_fails_the_job=(PIN, REPORT)))
    later = [case for case in cases if case.situation.name == "Bedrock fails the job"]
    assert {case.place for case in later} == {"Report the failure"}
    assert len(later) == 2 * len(CALL_FAULTS) + len(FUNCTION_FAULTS) + len(STOPS)


def test_no_two_cases_have_one_name():
    names = [case.name for case in derived(baselines(not_served=(PIN, REPORT)))]
    names += [situation.name for situation in SITUATIONS]
    assert len(names) == len(set(names))


def test_a_seed_draws_the_same_cases_again_and_another_seed_others():
    cases = derived(baselines())
    assert sampled(cases, 5, 1) == sampled(cases, 5, 1) != sampled(cases, 5, 2)
    assert len(sampled(cases, 5, 1)) == 5
    assert sampled(cases, None, 1) == cases


def test_releasing_states_are_told_apart_by_what_leads_to_them():
    in_course, after_a_failure = release_states(definition())
    assert "Release the throughput" in in_course
    assert after_a_failure == {"Release after a failure"}


def test_every_place_of_the_release_has_its_number():
    places = ["Release the throughput", "Release after a failure", "x by the rule", "x by the switch", "x by the sweep"]
    assert [release_at(place) for place in places] == [1, 2, 3, 4, 5]
    assert release_at("Pin the inputs") == 0
