"""docs/chaos.md: which faults were injected, what released the endpoints, and what leaks without each release."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.chaos.cases import Case
from tests.chaos.faults import CALL_FAULTS, FUNCTION_FAULTS, STALE, STOPS
from tests.chaos.observations import RELEASES
from tests.chaos.pairs import EACH
from tests.chaos.results import Result
from tests.chaos.scenarios import SCENARIOS

# What the page says when it shows a part of the cases only.
SAMPLE = "a sample of"
_NUMBERS = {0: "–", **{number: str(number) for number in RELEASES}}
_LATE = {
    "sweep": "≤ 1 h",
    "switch": "at the switch's time",
    "sweep after the outage": "≤ 1 h after the calls work again",
}


def in_short(result: Result) -> str:
    """A line for the terminal."""
    off = f"without {result.off}: " if result.off else ""
    return f"{off}{result.name}: {'/'.join(result.ended) or 'not started'}, {cell(result)}; {verdict(result)}"


def verdict(result: Result) -> str:
    """Whether every check held."""
    again = f"ok at the second try; at the first: {'; '.join(result.first_findings)}" if result.first_findings else "ok"
    return "; ".join(result.findings) or again


def cell(result: Result) -> str:
    """Which of the five released what was bought, and how long it was paid for."""
    if leaks(result):
        return "**LEAKS**"
    if result.findings:
        return "**fails**"
    if not result.released_by:
        return "·"
    numbers = ", ".join(_NUMBERS[number] for number in result.released_by)
    late = f" + {_LATE[result.stages[-1]]}" if result.stages else ""
    return f"{numbers} ({result.paid_seconds:g} s{late})"


def leaks(result: Result) -> bool:
    """Whether something stayed alive after the last of the five."""
    return any(finding.startswith("LEAK") for finding in result.findings)


def worse(whole: Sequence[Result], without: Sequence[Result], number: int) -> list[tuple[Result, Result]]:
    """Cases with the release, and without it, where the purchase then lived longer or for ever."""
    before = {result.name: result for result in whole}
    pairs = [(before[result.name], result) for result in without if result.off == number]
    return [(had, has) for had, has in pairs if number not in has.released_by]


def blind(whole: Sequence[Result], without: Sequence[Result]) -> list[int]:
    """Releases that something was survived by, and without which it fared no worse: such a check could not fail."""
    used = {number for result in whole for number in result.released_by} - {0}
    return [number for number in sorted(used) if not worse(whole, without, number)]


def render(cases: Sequence[Case], whole: Sequence[Result], without: Sequence[Result], there_are: int) -> str:
    """The page, from the results of the cases; there are `there_are` cases in all."""
    singles = [result for result in whole if not result.second]
    pairs = [result for result in whole if result.second]
    played = [(case, result) for case, result in zip(cases, whole, strict=True) if len(case.faults) == 1]
    parts = [
        _HEAD.format(
            count=_of(len(whole), there_are),
            pairs=len(pairs),
            bad=sum(bool(result.findings) for result in whole),
            counts=_counts(whole),
            states=_states([*whole, *without]),
        ),
        _failed(whole),
        _situations(whole),
        _calls(played),
        _grid("Functions", "place", {**FUNCTION_FAULTS, **STALE}, "the function", singles),
        _grid("The operator stops the execution", "state", STOPS, "the execution", singles),
        _pairs([(case, result) for case, result in zip(cases, whole, strict=True) if len(case.faults) == 2]),
        _without(whole, without),
        _FOOT,
    ]
    return "\n".join(parts)


def _states(results: Iterable[Result]) -> str:
    """How many cases were played with which state of the code."""
    counted = Counter(result.state.partition(" ")[0] for result in results if result.state)
    return ", ".join(f"{count} at commit {state}" for state, count in counted.most_common()) or "one state of the code"


def _of(count: int, there_are: int) -> str:
    return f"{count} cases" if count == there_are else f"{count} cases, {SAMPLE} the {there_are} there are"


def _counts(whole: Iterable[Result]) -> str:
    counted = Counter(number for result in whole for number in set(result.released_by))
    rows = [f"| {number} | {words} | {counted[number]} |" for number, words in RELEASES.items()]
    return "\n".join(["| | release | cases that it survived |", "| --- | --- | ---: |", *rows])


def _failed(whole: Iterable[Result]) -> str:
    rows = [f"- {result.name}: {_shortened(finding)}" for result in whole for finding in result.findings]
    again = [
        f"- {result.name}: {_shortened(finding)}"
        for result in whole
        if not result.findings
        for finding in result.first_findings
    ]
    return "\n".join(
        [
            "## What failed a check\n",
            *(rows or ["Nothing."]),
            "\n## What failed a check at the first try and held at the second\n",
            "Each failed case is played again, because other work of the machine makes calls run out of time.\n",
            *(again or ["Nothing."]),
            "",
        ]
    )


def _shortened(finding: str) -> str:
    """Without the name of the run, which says nothing to a reader."""
    return re.sub(r"case-[0-9a-f-]+", "the run", finding)


def _situations(whole: Iterable[Result]) -> str:
    by_name = {result.name: result for result in whole}
    rows = [
        f"| {situation.name} | {'/'.join(result.ended)} | {cell(result)} |"
        for situation in SCENARIOS
        if (result := by_name.get(situation.name))
    ]
    return "\n".join(
        ["## Runs without a further fault\n", "| run | ends | released by |", "| --- | --- | --- |", *rows, ""]
    )


def _calls(played: Iterable[tuple[Case, Result]]) -> str:
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for case, result in played:
        [fault] = case.faults
        if fault.act == "rules":
            name, _, extent = fault.name.rpartition(", ")
            key = (case.situation.name, fault.place, fault.what, extent)
            lines.setdefault(key, {})[name] = cell(result)
    faults = [fault.name for fault in CALL_FAULTS]
    rows = [_row((place, f"`{what}`", extent), found, faults) for (_, place, what, extent), found in lines.items()]
    return "\n".join([_CALLS_HEAD, *_header(("place", "call", "how long"), faults), *rows, ""])


def _pairs(played: Sequence[tuple[Case, Result]]) -> str:
    reached = sum(result.reached for _, result in played)
    rows = [
        f"| {case.faults[0].words} | {case.faults[1].words} | {'/'.join(result.ended) or 'not started'} | "
        f"{cell(result)}{'' if result.reached else ' (second place not reached)'} |"
        for case, result in played
    ]
    head = _PAIRS_HEAD.format(count=len(played), reached=reached, each=EACH)
    return "\n".join(
        [head, "| first fault | second fault | ends | released by |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _grid(title: str, first: str, faults: Mapping[str, object], what: str, whole: Iterable[Result]) -> str:
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for result in whole:
        if result.what == what:
            lines.setdefault((result.situation, result.place), {})[result.fault] = cell(result)
    rows = [_row((place, situation), found, list(faults)) for (situation, place), found in lines.items()]
    return "\n".join([f"## {title}\n", *_header((first, "run"), list(faults)), *rows, ""])


def _header(first: Sequence[str], faults: Sequence[str]) -> list[str]:
    names = [*first, *faults]
    return [f"| {' | '.join(names)} |", f"| {' | '.join('---' for _ in names)} |"]


def _row(first: Sequence[str], found: Mapping[str, str], faults: Sequence[str]) -> str:
    return f"| {' | '.join([*first, *(found.get(fault, '') for fault in faults)])} |"


def _without(whole: Sequence[Result], without: Sequence[Result]) -> str:
    rows = [
        f"| {number} | {had.name} | {cell(had)} | {_then(has)} |"
        for number in RELEASES
        for had, has in worse(whole, without, number)
    ]
    return "\n".join([_WITHOUT_HEAD, *rows, ""])


def _then(has: Result) -> str:
    if leaks(has):
        return "**nobody: it leaks**"
    return f"leaks until {cell(has)}"


_HEAD = """<!-- Written by `make chaos`: do not edit. -->

# Injected faults, and what released the endpoints

*For readers who want evidence that nothing stays alive.*

Runs of the pipeline on the local cloud with injected faults: {count}, of which {pairs} have two faults. {bad} failed a
check. Played: {states}. The cases are derived from the state machine and from the calls that a run of each kind was
recorded to make.

After each case these checks must hold: no throughput, no deployment and no customization job is alive without a running
execution; a run has started at most one job and bought each of its endpoints at most once; its execution has ended;
its report or its notice exists and states how the run ended; the inputs are unchanged; every artifact is absent or
complete.

{counts}

A cell names the release that deleted what the run had bought, and for how many seconds it was paid for. The state
machine waits a five-hundredth of its real times. `·`: nothing was bought. `–`: Bedrock or the operator deleted it. If
something was still alive at the end, the harness moved the clock forward: to the hourly sweep (+ ≤ 1 h), then to the
time of the release switch.
"""
_CALLS_HEAD = """## AWS calls

A call that makes, changes or ends a job, an endpoint, a schedule or an execution is broken in every way. All other
calls go through a few shared functions: of those, each is broken in two ways, in turn, and each that writes also after
it took effect. An empty cell was not played.
"""
_PAIRS_HEAD = """## Two faults in one run

{count} pairs; in {reached} the run also reached the place of the second fault. Both faults are at functions that make,
change or end a job, an endpoint, a schedule or an execution. If a run survives the first fault, the second is at a
later one of these; if the first fault ends the run, the second is at a function that releases or reports afterwards.
Every kind of fault is followed by every kind that can follow it, {each} times, at the places that were paired least
until then (`tests/chaos/pairs.py`).
"""
_WITHOUT_HEAD = """## Without one of the five

Cases that ended well by one release, played again with that release switched off: what was bought then lives until
another release comes, or for ever.

| without | case | released by | without it |
| --- | --- | --- | --- |"""
_FOOT = """## How it works

```
make chaos                    all cases; an interrupted campaign goes on where it stopped
make chaos KEEP=1             after a change of the code, only what did not hold before and what is new
make chaos SAMPLE=30 SEED=7   30 cases with one fault and 10 with two, drawn with that seed
```

The code is in `tests/chaos/`. Several local clouds run side by side with the `instant` engine
([local-bedrock.md](local-bedrock.md): no model, a stand-in). Their functions reach AWS through the proxy microburst.
Scaled: the waits and retry intervals of the state machine, the pauses in the functions and the SDK's own retries (a
five-hundredth); the pauses before an event is delivered again (0.1 to 0.3 s); Bedrock's time for jobs and endpoints
(0 s); the time a dataset's folder must rest (1 s); how long a function waits for an answer (2 s). The SDK repeats a
call once.

How long a fault lasts: *once*: the first such call after that place. *For minutes*: the next eight calls. *Lasting*:
every such call of that function until the run is over; only the sweep and the switch come later. A call that hangs
lastingly hangs four times and is cut from then on. A cold function refuses four invocations
(`CodeArtifactUserPendingException`), a throttled one six (`TooManyRequestsException`). Stale reads: the next two Get or
List calls miss each job, model, throughput or deployment that is made after the fault.

Not covered: a state machine that runs out of time (the rule for stopped executions also reacts to it), and stops in
states that take no time (Choice, Pass, Succeed, Fail).
"""
