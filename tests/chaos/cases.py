"""All cases, derived from the state machine and from what the baseline runs did."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.chaos.faults import CALL_FAULTS, EXTENTS, FUNCTION_FAULTS, STOPS, Call
from tests.chaos.plan import Act
from tests.chaos.situations import SITUATIONS, Meanwhile, Situation


@dataclass(frozen=True)
class Case:
    """One run with one fault: `act` is played at `place`, with the proxy's `rules` if it is "rules"; `meanwhile` if it
    holds. A situation without a further fault is a case as well."""

    situation: Situation
    place: str = ""
    what: str = ""
    fault: str = ""
    act: Act | None = None
    rules: tuple[Mapping[str, Any], ...] = ()
    meanwhile: Meanwhile = "nothing"

    @property
    def name(self) -> str:
        """Tells it from all other cases, from one campaign to the next."""
        return " · ".join(part for part in (self.situation.name, self.place, self.what, self.fault) if part)


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


def derived(found: Iterable[Baseline], situations: Iterable[Situation] = SITUATIONS) -> list[Case]:
    """A case for each fault of each call, function and state, in the first situation that has it."""
    by_name = {baseline.situation: baseline for baseline in found}
    seen: set[Any] = set()
    cases: list[Case] = []
    for situation in situations:
        baseline = by_name[situation.name]
        cases += _of(situation, _without(baseline, seen))
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


def _of(situation: Situation, baseline: Baseline) -> Iterable[Case]:
    for call in baseline.calls:
        for fault in CALL_FAULTS:
            for extent in EXTENTS:
                what = f"{call.service}.{call.operation}"
                rules = call.rules(fault, extent)
                yield Case(situation, call.place, what, f"{fault.name}, {extent}", "rules", rules)
    for place in baseline.functions:
        for fault, act in FUNCTION_FAULTS.items():
            yield Case(situation, place, "the function", fault, act)
    if situation.meanwhile == "nothing":
        for state in baseline.states:
            for fault, act in STOPS.items():
                yield Case(situation, state, "the execution", fault, act, meanwhile="stop the execution")


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
