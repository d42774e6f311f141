"""The cases with two faults. The second fault is at a place that the run reaches after the first.

Both faults are at calls, functions and states that change a lifecycle (faults.py), in a run that is served by
provisioned throughput or on demand:

- If a run survives the first fault, the second is at any later such place.
- If the first fault ends the run, the second is at a place that releases or reports afterwards.
- If the first fault is a stop while the job is being started, the training takes long, so that there is a job to stop.

Every kind of fault is followed by every kind that can follow it, EACH times, at the pairs of places that were used
least until then.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.cases import Baseline, Case, Fault, call_fault, execution_faults, function_faults
from tests.chaos.injection.faults import CALL_FAULTS, Call
from tests.chaos.observations import AFTER_A_FAILURE, IN_COURSE
from tests.chaos.scenarios import LONG_TRAINING, SCENARIOS, Scenario

# How many times each kind of fault is followed by each other kind.
EACH = 2
SERVED = ("provisioned throughput", "on-demand deployment")
# The faults of calls that pairs use, with their durations.
_CALL_FAULTS = {
    ("throttled", "for minutes"),
    ("throttled", "lasting"),
    ("500", "lasting"),
    ("cut after it acted", "once"),
    ("cut after it acted", "lasting"),
    ("hangs", "once"),
}
_BY_EVENT = ("release_throughput by the rule", "close_run by the rule")
_BY_SWEEP = "release_throughput by the sweep"
# Operations on the other kind of endpoint, which the scenario does not call.
_NOT_CALLED = {"provisioned throughput": "CustomModelDeployment", "on-demand deployment": "ProvisionedModelThroughput"}


@dataclass(frozen=True)
class _Pair:
    scenario: Scenario
    first: Fault
    second: Fault

    @property
    def kinds(self) -> tuple[str, str]:
        return self.first.name, self.second.name

    @property
    def places(self) -> tuple[str, str]:
        return self.first.place, self.second.place


def pairs(found: Iterable[Baseline], each: int = EACH) -> list[Case]:
    """The pairs by the rules above. The same baselines give the same pairs."""
    baselines = {baseline.scenario: baseline for baseline in found}
    possible: dict[tuple[str, str], list[_Pair]] = {}
    for pair in _possible(baselines):
        possible.setdefault(pair.kinds, []).append(pair)
    shuffler, used = random.Random(2026), Counter[tuple[str, str]]()
    chosen: list[_Pair] = []
    for kinds in sorted(possible):
        options = possible[kinds]
        shuffler.shuffle(options)
        for _ in range(min(each, len(options))):
            pair = min(options, key=lambda option: used[option.places])
            options.remove(pair)
            used[pair.places] += 1
            chosen.append(pair)
    return [Case(pair.scenario, (pair.first, pair.second)) for pair in chosen]


def _possible(baselines: dict[str, Baseline]) -> Iterator[_Pair]:
    for scenario in SCENARIOS:
        baseline = baselines.get(scenario.name)
        if scenario.name not in SERVED or baseline is None:
            continue
        order = list(dict.fromkeys(baseline.functions))
        before_the_end = _faults(baseline.calls)
        afterwards = [fault for fault in _faults(_afterwards(baselines.values(), scenario.name)) if not _stops(fault)]
        for first in before_the_end:
            played = LONG_TRAINING if _stops_training(first) else scenario
            later = afterwards if ends(first) else before_the_end
            yield from (_Pair(played, first, second) for second in later if _can_follow(first, second, order))


def _stops_training(first: Fault) -> bool:
    """Whether the fault stops the run when it has just started its job.

    The job must still be in progress then, so that there is something to stop. A fault of the call would not do,
    because the run finds the job that was created and waits for it.
    """
    return _stops(first) and first.place == "Start the customization"


def ends(fault: Fault) -> bool:
    """Whether the fault ends the run."""
    return _stops(fault) or fault.name.endswith("lasting")


def _stops(fault: Fault) -> bool:
    return fault.intervention == "stop the execution"


def _can_follow(first: Fault, second: Fault, order: list[str]) -> bool:
    if not ends(first):
        return order.index(first.place) < order.index(second.place)
    if " by " in first.place:  # No run was started, or it was released in another way.
        return False
    if second.place == _BY_SWEEP:
        return first.place in IN_COURSE and not _stops(first)
    return second.place in _BY_EVENT if _stops(first) else True


def _faults(calls: Iterable[Call]) -> list[Fault]:
    """All faults that a pair may have at these calls and at their places."""
    changing = list(dict.fromkeys(call for call in calls if call.changes_lifecycle))
    found = [
        call_fault(call, fault, duration)
        for call in changing
        for fault in CALL_FAULTS
        for duration in fault.durations
        if (fault.name, duration) in _CALL_FAULTS
    ]
    for place in dict.fromkeys(call.place for call in changing):
        found += function_faults(place, any(call.creates for call in changing if call.place == place))
        found += () if " by " in place else execution_faults(place)
    return found


def _afterwards(baselines: Iterable[Baseline], scenario: str) -> list[Call]:
    """The calls after a run has failed or was stopped, in any of the scenarios."""
    places = {*AFTER_A_FAILURE, *_BY_EVENT, _BY_SWEEP}
    return [
        call
        for baseline in baselines
        for call in baseline.calls
        if call.place in places and _NOT_CALLED[scenario] not in call.operation
    ]
