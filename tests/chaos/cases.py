"""The cases with one fault, derived from the state machine and from the recorded baseline runs."""

from __future__ import annotations

import random
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from tests.chaos.injection.faults import (
    CALL_FAULTS,
    CUT_AFTER,
    FUNCTION_FAULTS,
    STALE_READS,
    STOPS,
    THROTTLED,
    Call,
    CallFault,
    Duration,
)
from tests.chaos.injection.plan import Action
from tests.chaos.scenarios import SCENARIOS, Intervention, Scenario


@dataclass(frozen=True)
class Fault:
    """An `action` on a `target` at a `place`.

    The proxy gets the `rules` if the action is "rules". The `intervention` happens if the action holds the run.
    """

    place: str
    target: str
    name: str
    action: Action
    rules: tuple[Mapping[str, Any], ...] = ()
    intervention: Intervention = "nothing"

    @property
    def description(self) -> str:
        """Place, target and fault."""
        return f"{self.place} · {self.target} · {self.name}"


@dataclass(frozen=True)
class Case:
    """A run of a scenario with no fault, one fault, or two faults of which the second is at a later place."""

    scenario: Scenario
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """Identifies the case in the kept results, from one campaign to the next."""
        parts = [self.scenario.name, " + ".join(fault.description for fault in self.faults)]
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Baseline:
    """The calls, places of functions, and states of a scenario's first run, in order and without repetitions."""

    scenario: str
    calls: tuple[Call, ...]
    functions: tuple[str, ...]
    states: tuple[str, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Baseline:
        """From a JSON document of `document`."""
        calls = tuple(Call(**call) for call in document["calls"])
        return cls(document["situation"], calls, tuple(document["functions"]), tuple(document["states"]))

    def document(self) -> dict[str, Any]:
        """As a JSON document. The scenario's member is `situation`, as in the baselines of earlier campaigns."""
        calls = [vars(call) for call in self.calls]
        return {"situation": self.scenario, "calls": calls, "functions": self.functions, "states": self.states}


def derived(found: Iterable[Baseline], scenarios: Iterable[Scenario] = SCENARIOS) -> list[Case]:
    """A case for each fault of each call, function and state, in the first scenario that has it.

    Also in a later scenario, from the place on at which it begins again.
    """
    by_name = {baseline.scenario: baseline for baseline in found}
    covered: set[Any] = set()
    cases: list[Case] = []
    for scenario in scenarios:
        baseline = by_name[scenario.name]
        new = _without(baseline, covered, _again(baseline, scenario.again_from))
        cases += [Case(scenario, (fault,)) for fault in _faults(new, scenario.intervention == "nothing")]
        covered |= {*baseline.calls, *baseline.functions, *baseline.states}
    return cases


def _again(baseline: Baseline, place: str) -> frozenset[str]:
    """The places from this one on. None if the run does not come there."""
    later = (places[places.index(place) :] for places in (baseline.functions, baseline.states) if place in places)
    return frozenset(chain.from_iterable(later))


def _without(baseline: Baseline, covered: set[Any], again: Collection[str]) -> Baseline:
    """The baseline without what is covered, unless its place is in `again`.

    A state that calls a function is both a state and a function's place.
    """
    return replace(
        baseline,
        calls=tuple(call for call in baseline.calls if call not in covered or call.place in again),
        functions=tuple(place for place in baseline.functions if place not in covered or place in again),
        states=tuple(state for state in baseline.states if state not in covered or state in again),
    )


def _faults(baseline: Baseline, may_stop: bool) -> Iterator[Fault]:
    for number, call in enumerate(baseline.calls):
        for fault, duration in _faults_of_call(call, number):
            yield call_fault(call, fault, duration)
    creators = {call.place for call in baseline.calls if call.creates}
    for place in baseline.functions:
        yield from function_faults(place, place in creators)
    for state in baseline.states if may_stop else ():
        yield from execution_faults(state)


def _faults_of_call(call: Call, number: int) -> Iterator[tuple[CallFault, Duration]]:
    """Every fault for a call that changes a lifecycle; two faults in rotation for each other call.

    The other calls go through a few shared functions, so that testing each in every way would repeat the same code.
    A call that writes is also cut after its effect.
    """
    if call.changes_lifecycle:
        yield from ((fault, duration) for fault in CALL_FAULTS for duration in fault.durations)
        return
    once, lasting = CALL_FAULTS[number % len(CALL_FAULTS)], CALL_FAULTS[(number + 2) % len(CALL_FAULTS)]
    yield once, "once"
    yield lasting, "lasting"
    if not call.reads and lasting is not CUT_AFTER:
        yield CUT_AFTER, "lasting"
    if call.reads and call.service != "s3":
        yield THROTTLED, "for minutes"


def call_fault(call: Call, fault: CallFault, duration: Duration) -> Fault:
    """The fault of a call."""
    return Fault(call.place, call.target, f"{fault.name}, {duration}", "rules", call.rules(fault, duration))


def function_faults(place: str, creates: bool) -> Iterator[Fault]:
    """All faults of the function at a place."""
    for name, action in {**FUNCTION_FAULTS, **(STALE_READS if creates else {})}.items():
        yield Fault(place, "the function", name, action)


def execution_faults(state: str) -> Iterator[Fault]:
    """The operator stops the execution in a state."""
    for name, action in STOPS.items():
        yield Fault(state, "the execution", name, action, intervention="stop the execution")


def sampled(cases: list[Case], count: int | None, seed: int) -> list[Case]:
    """`count` cases drawn with a seed, or all, in their order. A larger sample contains the smaller ones.

    One case of each scenario is drawn first, then one of each place of each scenario, then any others.
    """
    if count is None or count >= len(cases):
        return cases
    order = list(range(len(cases)))
    random.Random(seed).shuffle(order)
    order = _one_of_each_first(order, [(case.scenario.name, _first_place(case)) for case in cases])
    order = _one_of_each_first(order, [case.scenario.name for case in cases])
    drawn = set(order[:count])
    return [case for index, case in enumerate(cases) if index in drawn]


def _first_place(case: Case) -> str:
    return case.faults[0].place if case.faults else ""


def _one_of_each_first(order: Sequence[int], kinds: Sequence[Hashable]) -> list[int]:
    """The same order, but the first of each kind precedes all others."""
    first = {kinds[index]: index for index in reversed(order)}.values()
    return sorted(order, key=lambda index: index not in first)


def states_of(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """All states of a definition by name, those inside of Map states included."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, state in definition["States"].items():
        found[name] = state
        if "ItemProcessor" in state:
            found |= states_of(state["ItemProcessor"])
    return found


def release_states(definition: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The states that release endpoints in a run without failures, and those that a Catch leads to."""
    states = states_of(definition)
    called = {name: state.get("Arguments", {}).get("FunctionName") for name, state in states.items()}
    releasing = {name for name, function in called.items() if function == "${ReleaseThroughput}"}
    caught = {catcher["Next"] for state in states.values() for catcher in state.get("Catch", ())}
    return frozenset(releasing - caught), frozenset(releasing & caught)
