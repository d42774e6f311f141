"""The cases with two faults that come from the model of the release protocol (tests/protocol).

The model explores every trace with two deviations that this harness can inject. For every two kinds of faults, and
every place of the second one, one trace becomes a case: that whose first place was used least until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from tests.chaos.cases import Case, Fault, call_fault, execution_faults, function_faults
from tests.chaos.injection.faults import CALL_FAULTS, Call, Duration
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.protocol import session as options
from tests.protocol.invocations import handlers
from tests.protocol.search import explore
from tests.protocol.session import Deviation
from tests.protocol.transitions import SITUATIONS


def _of_call(fault: str, duration: Duration, at: Deviation) -> Fault:
    service, _, operation = at.target.partition(".")
    broken = next(found for found in CALL_FAULTS if found.name == fault)
    return call_fault(Call(at.place, at.function, service, operation), broken, duration)


def _of_function(at: Deviation) -> Fault:
    return next(fault for fault in function_faults(at.place, creates=True) if fault.name == at.option)


def _stop(at: Deviation) -> Fault:
    return next(fault for fault in execution_faults(at.place) if fault.name == options.STOPPED)


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

            def visit(trace: tuple[Deviation, ...], scenario: Scenario = scenario) -> None:
                if len(trace) == 2 and trace[0].place != trace[1].place:
                    case = Case(scenario, tuple(INJECTED[step.option](step) for step in trace))
                    # All calls of S3 go through a few shared functions.
                    if not any(fault.target.startswith("s3.") for fault in case.faults):
                        found[case.name] = case

            explore(bound, situation, 2, INJECTED, visit)
    return list(found.values())
