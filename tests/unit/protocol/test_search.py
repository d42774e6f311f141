"""The protocol keeps its invariants in every trace with one deviation. `make protocol` explores two, or more."""

import pytest

from statemachine.definition import source, tasks
from tests.protocol.invocations import handlers
from tests.protocol.search import explore
from tests.protocol.session import MISSES
from tests.protocol.transitions import AFTER_A_FAILURE, SITUATIONS, STATES


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_no_single_deviation_violates_an_invariant(situation):
    with handlers() as bound:
        found = explore(bound, situation, 1)
    assert [str(violation) for violation in found.violations] == []
    assert len(found.ended) > 50, "most deviations lead to an end of their own"


def test_a_violation_is_shown_as_a_trace(monkeypatch):
    monkeypatch.setattr("tuner.serving.sweep.hourly_sweep.is_needed", lambda *_: lambda *_: True)
    with handlers() as bound:
        violation = explore(bound, SITUATIONS[0], 1, (MISSES,)).violations[0]
    step, finding = str(violation).splitlines()[1:3]
    assert step.endswith(f"Release the throughput · bedrock.ListTagsForResource · {MISSES}")
    assert "VIOLATED" in finding


def test_the_states_of_the_model_are_those_of_the_state_machine():
    definition = source()
    called = {name: state["Arguments"]["FunctionName"][2:-1] for name, state in tasks(definition)}
    camel = {
        name: "".join(part.title() for part in str(step[0]).split("_")) for name, step in STATES.items() if step[0]
    }
    assert camel.items() <= called.items()
    catches = {state: definition["States"][state]["Catch"][0]["Next"] for state in camel}
    assert set(catches.values()) == {AFTER_A_FAILURE}
    order = list(definition["States"])
    assert [name for name in order if name in camel] == list(camel)
