"""Cases with two faults: the second at a place that the run reaches after the first.

The rule. Both faults are at places of the protocol: functions that make, change or end a job, an endpoint, a schedule
or an execution, in a run that is served by provisioned throughput or on demand. If the first fault is one that a run
survives, the second is at any later place of the protocol. If it ends the run, the second is at a place that releases
or reports afterwards; if it is a stop while the job is started, the training takes long, so that there is a job to be
stopped. Every kind of fault is followed by every kind that can follow it, EACH times, each time at the two places that
were paired least until then.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.cases import Baseline, Case, Fault, of_call, of_execution, of_function
from tests.chaos.faults import CALL_FAULTS, Call
from tests.chaos.observations import AFTER_A_FAILURE, IN_COURSE
from tests.chaos.scenarios import LONG_TRAINING, SCENARIOS, Scenario

# So often is each kind of fault followed by each other kind.
EACH = 2
SERVED = ("provisioned throughput", "on-demand deployment")
_BROKEN = {
    ("throttled", "for minutes"),
    ("throttled", "lasting"),
    ("500", "lasting"),
    ("cut after it acted", "once"),
    ("cut after it acted", "lasting"),
    ("hangs", "once"),
}
_BY_EVENT = ("release_throughput by the rule", "close_run by the rule")
_BY_SWEEP = "release_throughput by the sweep"
# What only one way of serving a model calls.
_NOT_CALLED = {"provisioned throughput": "CustomModelDeployment", "on-demand deployment": "ProvisionedModelThroughput"}


@dataclass(frozen=True)
class _Pair:
    situation: Scenario
    first: Fault
    second: Fault

    @property
    def kinds(self) -> tuple[str, str]:
        return self.first.name, self.second.name

    @property
    def places(self) -> tuple[str, str]:
        return self.first.place, self.second.place


def pairs(found: Iterable[Baseline], each: int = EACH) -> list[Case]:
    """By the rule above; the same for the same baselines."""
    baselines = {baseline.situation: baseline for baseline in found}
    possible: dict[tuple[str, str], list[_Pair]] = {}
    for pair in _possible(baselines):
        possible.setdefault(pair.kinds, []).append(pair)
    mixed, used = random.Random(2026), Counter[tuple[str, str]]()
    chosen: list[_Pair] = []
    for kinds in sorted(possible):
        options = possible[kinds]
        mixed.shuffle(options)
        for _ in range(min(each, len(options))):
            pair = min(options, key=lambda option: used[option.places])
            options.remove(pair)
            used[pair.places] += 1
            chosen.append(pair)
    return [Case(pair.situation, (pair.first, pair.second)) for pair in chosen]


def _possible(baselines: dict[str, Baseline]) -> Iterator[_Pair]:
    for situation in SCENARIOS:
        baseline = baselines.get(situation.name)
        if situation.name not in SERVED or baseline is None:
            continue
        order = list(dict.fromkeys(baseline.functions))
        in_course = _faults(baseline.calls)
        afterwards = [fault for fault in _faults(_afterwards(baselines.values(), situation.name)) if not _stops(fault)]
        for first in in_course:
            later = afterwards if ends(first) else in_course
            for second in later:
                if _follows(first, second, order):
                    yield _Pair(LONG_TRAINING if _while_it_trains(first) else situation, first, second)


def _while_it_trains(first: Fault) -> bool:
    """Whether the run is stopped when its job has been made: the job must be in progress then, to be there to be
    stopped. A fault of the call would not do: a run finds the job that was made and waits for it."""
    return _stops(first) and first.place == "Start the customization"


def ends(fault: Fault) -> bool:
    """Whether a run does not survive it."""
    return _stops(fault) or fault.name.endswith("lasting")


def _stops(fault: Fault) -> bool:
    return fault.meanwhile == "stop the execution"


def _follows(first: Fault, second: Fault, order: list[str]) -> bool:
    if not ends(first):
        return order.index(first.place) < order.index(second.place)
    if " by " in first.place:  # then no run was started, or another one released
        return False
    if second.place == _BY_SWEEP:
        return first.place in IN_COURSE and not _stops(first)
    return second.place in _BY_EVENT if _stops(first) else True


def _faults(calls: Iterable[Call]) -> list[Fault]:
    """Everything that a pair may have at the places of the protocol."""
    protocol = list(dict.fromkeys(call for call in calls if call.of_the_protocol))
    found = [
        of_call(call, fault, extent)
        for call in protocol
        for fault in CALL_FAULTS
        for extent in fault.extents
        if (fault.name, extent) in _BROKEN
    ]
    for place in dict.fromkeys(call.place for call in protocol):
        found += of_function(place, any(call.makes for call in protocol if call.place == place))
        found += () if " by " in place else of_execution(place)
    return found


def _afterwards(baselines: Iterable[Baseline], situation: str) -> list[Call]:
    """What is called once a run has failed or was stopped, as any of the situations met it."""
    places = {*AFTER_A_FAILURE, *_BY_EVENT, _BY_SWEEP}
    return [
        call
        for baseline in baselines
        for call in baseline.calls
        if call.place in places and _NOT_CALLED[situation] not in call.operation
    ]
