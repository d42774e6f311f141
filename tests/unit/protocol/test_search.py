"""The protocol keeps its invariants in every trace with one deviation. `make protocol` explores two, or more."""

import pytest

from statemachine.definition import source, tasks
from tests.protocol.invocations import handlers
from tests.protocol.search import WHOLE, Part, explore
from tests.protocol.session import MISSES, STOPPED, THROTTLED
from tests.protocol.transitions import AFTER_A_FAILURE, SITUATIONS, STATES


@pytest.mark.slow
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
@pytest.mark.thorough
def test_no_single_deviation_violates_an_invariant(situation):
    with handlers() as bound:
        found = explore(bound, situation, 1)
    assert [str(violation) for violation in found.violations] == []
    assert len(found.ended) > 50, "most deviations lead to an end of their own"


@pytest.mark.slow
def test_the_parts_of_an_exploration_are_the_whole():
    """Otherwise a violation could be in none of them."""
    traces: list[set[str]] = []
    with handlers() as bound:
        for part in (WHOLE, Part(0, 3), Part(1, 3), Part(2, 3)):
            found = explore(bound, SITUATIONS[0], 1, (THROTTLED, STOPPED), part=part)
            traces.append({"; ".join(map(str, trace)) for trace in found.ended})
    whole, *parts = traces
    # The whole leaves out a trace that leads to the same world as another one, which may be in another part.
    assert set.union(*parts) >= whole
    assert set.intersection(*parts) == {""}, "only the trace without a deviation is in several"
    assert sum(len(each) for each in parts) == len(set.union(*parts)) + 2
    assert min(len(each) for each in parts) > 2


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
