"""The cases with two faults that come from the model of the release protocol (tests/protocol).

The model explores every course with two deviations that this harness can inject. For every two kinds of faults, and
every place of the second one, one course becomes a case: that whose first place was used least until then.

The harness runs the sweep once while a run trains, and otherwise after a run. Left out are courses with a fault of a
later sweep and then one of the run's own states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from statemachine.definition import definition
from tests.chaos.cases import Case, Fault, call_fault, execution_faults, function_faults, states_of
from tests.chaos.injection.faults import CALL_FAULTS, Call, Duration
from tests.chaos.scenarios import SCENARIOS, Scenario, swept_while_it_trains
from tests.protocol import session as options
from tests.protocol.invocations import handlers
from tests.protocol.search import explore
from tests.protocol.session import Deviation
from tests.protocol.transitions import FIRST_SWEEP, SITUATIONS
from tests.protocol.world import HOUR

SWEEP = "release_throughput by the sweep"
_STATES = states_of(definition())


def place_of(place: str) -> str:
    """The place of the harness. The model takes a Map state as one state, the harness holds the state inside of it."""
    state = _STATES.get(place, {})
    return str(state["ItemProcessor"]["StartAt"]) if state.get("Type") == "Map" else place


def _of_call(fault: str, duration: Duration, at: Deviation) -> Fault:
    service, _, operation = at.target.partition(".")
    broken = next(found for found in CALL_FAULTS if found.name == fault)
    return call_fault(Call(place_of(at.place), at.function, service, operation), broken, duration)


def _of_function(at: Deviation) -> Fault:
    return next(fault for fault in function_faults(place_of(at.place), creates=True) if fault.name == at.option)


def _stop(at: Deviation) -> Fault:
    return next(fault for fault in execution_faults(place_of(at.place)) if fault.name == options.STOPPED)


# What the harness injects for a deviation. It stops an execution while it holds the function of a state.
INJECTED: Mapping[str, Callable[[Deviation], Fault]] = {
    options.THROTTLED: partial(_of_call, "throttled", "once"),
    options.OUTAGE: partial(_of_call, "throttled", "lasting"),
    options.CUT: partial(_of_call, "cut after it acted", "once"),
    options.CRASH_BEFORE: _of_function,
    options.CRASH_AFTER: _of_function,
    options.READS_LAG: _of_function,
    options.TWICE: _of_function,
    options.STOPPED: _stop,
    options.STOP_HERE: _stop,
}


def modelled() -> list[Case]:
    """The cases. The same model gives the same cases."""
    by_kinds: dict[tuple[str, str, str], list[Case]] = {}
    for case in sorted(_traces(), key=lambda case: case.name):
        first, second = case.faults
        by_kinds.setdefault((first.name, second.name, second.place), []).append(case)
    used, chosen = Counter[tuple[str, str]](), list[Case]()
    for kinds in sorted(by_kinds):
        case = min(by_kinds[kinds], key=lambda case: used[case.faults[0].place, case.faults[1].place])
        used[case.faults[0].place, case.faults[1].place] += 1
        chosen.append(case)
    return chosen


def _traces() -> list[Case]:
    """The traces with two deviations at two places that concern Bedrock, a schedule, a function or an execution."""
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    found: dict[str, Case] = {}
    with handlers() as bound:
        for situation in SITUATIONS:
            scenario = scenarios.get(situation.name)
            if scenario is None:
                continue

            def visit(course: tuple[Deviation, ...], scenario: Scenario = scenario) -> None:
                if len(course) == 2 and course[0].place != course[1].place:
                    case = case_of(scenario, *course)
                    # All calls of S3 go through a few shared functions.
                    if case and not any(fault.target.startswith("s3.") for fault in case.faults):
                        found[case.name] = case

            explore(bound, situation, 2, INJECTED, visit, to_the_end=False)
    return list(found.values())


def case_of(scenario: Scenario, first: Deviation, second: Deviation) -> Case | None:
    """The case of a course with two deviations. None if the harness does not run a sweep at that time."""
    faults = tuple(INJECTED[step.option](step) for step in (first, second))
    if first.place != SWEEP:
        return Case(scenario, faults)
    if first.at < FIRST_SWEEP + HOUR:  # the first sweep, which may take a while or be repeated
        return Case(swept_while_it_trains(scenario), faults)
    return None if second.place in _STATES else Case(scenario, faults)
