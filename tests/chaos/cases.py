"""The cases with one fault, derived from the state machine and from what the baseline runs did."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.chaos.faults import CALL_FAULTS, CUT_AFTER, FUNCTION_FAULTS, STALE, STOPS, THROTTLED, Call, CallFault, Extent
from tests.chaos.plan import Act
from tests.chaos.scenarios import SCENARIOS, Meanwhile, Scenario


@dataclass(frozen=True)
class Fault:
    """`act` is played at `place`, with the proxy's `rules` if it is "rules"; `meanwhile` happens if it holds."""

    place: str
    what: str
    name: str
    act: Act
    rules: tuple[Mapping[str, Any], ...] = ()
    meanwhile: Meanwhile = "nothing"

    @property
    def words(self) -> str:
        """The place, what is faulty there, and how."""
        return f"{self.place} · {self.what} · {self.name}"


@dataclass(frozen=True)
class Case:
    """One run with no fault beside its situation, with one, or with two: the second at a later place."""

    situation: Scenario
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """Tells it from all other cases, from one campaign to the next."""
        parts = [self.situation.name, " + ".join(fault.words for fault in self.faults)]
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Baseline:
    """What a situation's first run met, in order and once each."""

    situation: str
    calls: tuple[Call, ...]
    functions: tuple[str, ...]
    states: tuple[str, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Baseline:
        """From JSON."""
        calls = tuple(Call(**call) for call in document["calls"])
        return cls(document["situation"], calls, tuple(document["functions"]), tuple(document["states"]))


def derived(found: Iterable[Baseline], situations: Iterable[Scenario] = SCENARIOS) -> list[Case]:
    """A case for each fault of each call, function and state, in the first situation that has it."""
    by_name = {baseline.situation: baseline for baseline in found}
    seen: set[Any] = set()
    cases: list[Case] = []
    for situation in situations:
        baseline = by_name[situation.name]
        new = _without(baseline, seen)
        cases += [Case(situation, (fault,)) for fault in _faults(new, situation.meanwhile == "nothing")]
        seen |= {*baseline.calls, *baseline.functions, *baseline.states}
    return cases


def _without(baseline: Baseline, seen: set[Any]) -> Baseline:
    """What was not seen before. A state is a function's place, too: they are told apart by the kind of case."""
    return replace(
        baseline,
        calls=tuple(call for call in baseline.calls if call not in seen),
        functions=tuple(place for place in baseline.functions if place not in seen),
        states=tuple(state for state in baseline.states if state not in seen),
    )


def _faults(baseline: Baseline, may_stop: bool) -> Iterator[Fault]:
    for number, call in enumerate(baseline.calls):
        for fault, extent in _of_call(call, number):
            yield of_call(call, fault, extent)
    makers = {call.place for call in baseline.calls if call.makes}
    for place in baseline.functions:
        yield from of_function(place, place in makers)
    for state in baseline.states if may_stop else ():
        yield from of_execution(state)


def _of_call(call: Call, number: int) -> Iterator[tuple[CallFault, Extent]]:
    """A call of the protocol is broken in every way. Of the others, which only a few functions of ours make for all,
    each is broken in two ways, in turn; one that writes also after it took effect."""
    if call.of_the_protocol:
        yield from ((fault, extent) for fault in CALL_FAULTS for extent in fault.extents)
        return
    once, lasting = CALL_FAULTS[number % len(CALL_FAULTS)], CALL_FAULTS[(number + 2) % len(CALL_FAULTS)]
    yield once, "once"
    yield lasting, "lasting"
    if not call.reads and lasting is not CUT_AFTER:
        yield CUT_AFTER, "lasting"
    if call.reads and call.service != "s3":
        yield THROTTLED, "for minutes"


def of_call(call: Call, fault: CallFault, extent: Extent) -> Fault:
    """This call, broken like this."""
    return Fault(call.place, call.what, f"{fault.name}, {extent}", "rules", call.rules(fault, extent))


def of_function(place: str, makes: bool) -> Iterator[Fault]:
    """Everything that can happen to a function there."""
    for name, act in {**FUNCTION_FAULTS, **(STALE if makes else {})}.items():
        yield Fault(place, "the function", name, act)


def of_execution(state: str) -> Iterator[Fault]:
    """The operator stops the execution there."""
    for name, act in STOPS.items():
        yield Fault(state, "the execution", name, act, meanwhile="stop the execution")


def sampled(cases: list[Case], count: int | None, seed: int) -> list[Case]:
    """`count` of them drawn by this seed, or all, in their order. A larger sample holds the smaller ones."""
    if count is None or count >= len(cases):
        return cases
    order = list(range(len(cases)))
    random.Random(seed).shuffle(order)
    drawn = set(order[:count])
    return [case for index, case in enumerate(cases) if index in drawn]


def states_of(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """All states, those inside of Maps too, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, state in definition["States"].items():
        found[name] = state
        if "ItemProcessor" in state:
            found |= states_of(state["ItemProcessor"])
    return found


def release_states(definition: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The states that release in the course of a run, and those that a Catch leads to; from the ASL's own file."""
    states = states_of(definition)
    called = {name: state.get("Arguments", {}).get("FunctionName") for name, state in states.items()}
    releasing = {name for name, function in called.items() if function == "${ReleaseThroughput}"}
    caught = {catcher["Next"] for state in states.values() for catcher in state.get("Catch", ())}
    return frozenset(releasing - caught), frozenset(releasing & caught)
