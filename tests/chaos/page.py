"""Renders docs/chaos.md: the injected faults, which release deleted the endpoints, and what leaks without each one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.chaos.cases import Case
from tests.chaos.injection.faults import CALL_FAULTS, FUNCTION_FAULTS, STALE_READS, STOPS
from tests.chaos.observations import RELEASES
from tests.chaos.results import Result
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.two_fault_cases import EACH

# The words on the page if it covers only a part of the cases.
SAMPLE = "a sample of"
_NOT_REACHED = " (second place not reached)"
_NUMBERS = {0: "–", **{number: str(number) for number in RELEASES}}
# How late a release came, by the last event that was needed (LaterHours).
_DELAYS = {
    "sweep": "≤ 1 h",
    "switch": "at the time of the release schedule",
    "sweep after the outage": "≤ 1 h after the calls work again",
}


def summary(result: Result) -> str:
    """The result in one line, for the terminal."""
    prefix = f"without {result.disabled_release}: " if result.disabled_release else ""
    return f"{prefix}{result.name}: {'/'.join(result.statuses) or 'not started'}, {cell(result)}; {verdict(result)}"


def verdict(result: Result) -> str:
    """The findings, or that all checks passed."""
    first = "; ".join(result.first_findings)
    passed = f"ok in the second attempt; findings of the first: {first}" if first else "ok"
    return "; ".join(result.findings) or passed


def cell(result: Result) -> str:
    """The releases that deleted the endpoints, and how long these were paid for."""
    if leaks(result):
        return "**LEAKS**"
    if result.findings:
        return "**fails**"
    if not result.released_by:
        return "·"
    numbers = ", ".join(_NUMBERS[number] for number in result.released_by)
    delay = f" + {_DELAYS[result.later_events[-1]]}" if result.later_events else ""
    return f"{numbers} ({result.paid_seconds:g} s{delay})"


def leaks(result: Result) -> bool:
    """Whether something stayed alive after all five releases."""
    return any(finding.startswith("LEAK") for finding in result.findings)


def worse(whole: Sequence[Result], without: Sequence[Result], number: int) -> list[tuple[Result, Result]]:
    """The results with and without a release, where the endpoint lived longer without it, or was never deleted."""
    before = {result.name: result for result in whole}
    pairs = [(before[result.name], result) for result in without if result.disabled_release == number]
    return [(had, has) for had, has in pairs if number not in has.released_by]


def unneeded_releases(whole: Sequence[Result], without: Sequence[Result]) -> list[int]:
    """Releases that deleted an endpoint, and without which no case was worse.

    Either such a release is not needed, or the checks cannot fail.
    """
    used = {number for result in whole for number in result.released_by} - {0}
    return [number for number in sorted(used) if not worse(whole, without, number)]


def render(
    cases: Sequence[Case], whole: Sequence[Result], without: Sequence[Result], all_cases: int, seed: int = 1
) -> str:
    """The page with the results of the cases, all of `all_cases` or a sample that was drawn with the `seed`."""
    singles = [result for result in whole if not result.second_fault]
    pairs = [result for result in whole if result.second_fault]
    single = [(case, result) for case, result in zip(cases, whole, strict=True) if len(case.faults) == 1]
    parts = [
        _HEAD.format(
            count=_of(len(whole), all_cases),
            pairs=len(pairs),
            bad=sum(bool(result.findings) for result in whole),
            counts=_counts(whole),
            states=_code_states([*whole, *without]),
            draw="" if len(whole) == all_cases else _DRAW.format(seed=seed),
        ),
        _failed(whole),
        _scenarios(whole),
        _calls(single),
        _grid("Functions", "place", {**FUNCTION_FAULTS, **STALE_READS}, "the function", singles),
        _grid("The operator stops the execution", "state", STOPS, "the execution", singles),
        _pairs([(case, result) for case, result in zip(cases, whole, strict=True) if len(case.faults) == 2]),
        _without(whole, without),
        _FOOT,
    ]
    return "\n".join(parts)


def _code_states(results: Iterable[Result]) -> str:
    """The number of cases for each commit."""
    counted = Counter(result.code_state.partition(" ")[0] for result in results if result.code_state)
    return (
        ", ".join(f"{count} at commit {commit}" for commit, count in counted.most_common()) or "one version of the code"
    )


def _of(count: int, all_cases: int) -> str:
    return f"{count} cases" if count == all_cases else f"{count} cases, {SAMPLE} {all_cases}"


def _counts(whole: Iterable[Result]) -> str:
    counted = Counter(number for result in whole for number in set(result.released_by))
    rows = [f"| {number} | {name} | {counted[number]} |" for number, name in RELEASES.items()]
    return "\n".join(["| | release | cases |", "| --- | --- | ---: |", *rows])


def _failed(whole: Iterable[Result]) -> str:
    rows = [f"- {result.name}: {_without_run_id(finding)}" for result in whole for finding in result.findings]
    first_attempts = [
        f"- {result.name}: {_without_run_id(finding)}"
        for result in whole
        if not result.findings
        for finding in result.first_findings
    ]
    return "\n".join(
        [
            "## Failed checks\n",
            *(rows or ["None."]),
            "\n## Checks that failed in the first attempt and passed in the second\n",
            "Failed cases run a second time, because other load on the machine makes calls time out.\n",
            *(first_attempts or ["None."]),
            "",
        ]
    )


def _without_run_id(finding: str) -> str:
    """The finding without run ids, which mean nothing to a reader."""
    return re.sub(r"case-[0-9a-f-]+", "the run", finding)


def _scenarios(whole: Iterable[Result]) -> str:
    by_name = {result.name: result for result in whole}
    rows = [
        f"| {scenario.name} | {'/'.join(result.statuses)} | {cell(result)} |"
        for scenario in SCENARIOS
        if (result := by_name.get(scenario.name))
    ]
    return "\n".join(
        ["## Runs without an injected fault\n", "| run | ends | released by |", "| --- | --- | --- |", *rows, ""]
    )


def _calls(results: Iterable[tuple[Case, Result]]) -> str:
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for case, result in results:
        [fault] = case.faults
        if fault.action == "rules":
            name, _, duration = fault.name.rpartition(", ")
            key = (case.scenario.name, fault.place, fault.target, duration)
            lines.setdefault(key, {})[name] = cell(result)
    faults = [fault.name for fault in CALL_FAULTS]
    rows = [
        _row((place, f"`{target}`", duration), found, faults) for (_, place, target, duration), found in lines.items()
    ]
    return "\n".join([_CALLS_HEAD, *_header(("place", "call", "how long"), faults), *rows, ""])


def _pairs(results: Sequence[tuple[Case, Result]]) -> str:
    reached = sum(result.second_reached for _, result in results)
    rows = [pair_row(case, result) for case, result in results]
    head = _PAIRS_HEAD.format(count=len(results), reached=reached, each=EACH)
    return "\n".join(
        [head, "| first fault | second fault | ends | released by |", "| --- | --- | --- | --- |", *rows, ""]
    )


def pair_row(case: Case, result: Result) -> str:
    """The row of a case with two faults."""
    first, second = (fault.description for fault in case.faults)
    ended, place = "/".join(result.statuses) or "not started", "" if result.second_reached else _NOT_REACHED
    return f"| {first} | {second} | {ended} | {cell(result)}{place} |"


def _grid(title: str, first: str, faults: Mapping[str, object], target: str, whole: Iterable[Result]) -> str:
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for result in whole:
        if result.target == target:
            lines.setdefault((result.scenario, result.place), {})[result.fault] = cell(result)
    rows = [_row((place, scenario), found, list(faults)) for (scenario, place), found in lines.items()]
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
        return "**never: it leaks**"
    return f"leaks until {cell(has)}"


_HEAD = """<!-- Written by `make chaos`: do not edit. -->

# Injected faults, and what released the endpoints

*For readers who want evidence that nothing stays alive.*

Runs of the pipeline in the local cloud with injected faults: {count}, of which {pairs} have two faults. {bad} failed a
check. Code: {states}.

The cases are derived from the state machine, and from the calls that a run of each kind makes.{draw}

After each case these checks must pass:

- No throughput and no deployment is alive, and no job (customization or batch) is in progress without a running
  execution. Of a run that succeeded, the models of candidates that were not chosen are deleted.
- No job was started twice, and the folder of its run has a record of it. A run has bought each of its endpoints at most
  once.
- The execution has ended. Its report or its notification exists and states how the run ended.
- The inputs are unchanged. Every artifact is absent or complete.

{counts}

A cell names the release that deleted the endpoint, and for how many seconds the endpoint was paid for. The waits of the
state machine last a five-hundredth of their real time. `·`: nothing was bought. `–`: Bedrock or the operator deleted
the endpoint. If something was still alive after the run, the harness advanced the time: first to the hourly sweep
(+ ≤ 1 h), then to the time of the release schedule.
"""
_DRAW = """

The sample has every run without a fault. The others are drawn with the seed {seed}: of the cases with one fault first
one of each run, then one of each place in each run, then any others."""
_CALLS_HEAD = """## AWS calls

Calls that create, change or end a job, an endpoint, a schedule or an execution are broken in every way. All other calls
go through a few shared functions. These are broken in two ways each, in rotation; calls that write are also cut after
their effect. An empty cell was not run.
"""
_PAIRS_HEAD = """## Two faults in one run

{count} pairs. In {reached} of them the run reached the place of the second fault. Both faults are at functions that
create, change or end a job, an endpoint, a schedule or an execution. If the run survives the first fault, the second is
at a later one of these functions. If the first fault ends the run, the second is at a function that releases or reports
afterwards. In a whole campaign, every kind of fault is followed by every kind that can follow it, {each} times. Each
time takes the pairs of places that were used least until then (`tests/chaos/two_fault_cases.py`). Further pairs come
from the model of the release protocol ([serving.md](serving.md#how-this-is-explored)): one for every two kinds of
faults and every place of the second one (`tests/chaos/protocol_cases.py`).
"""
_WITHOUT_HEAD = """## Without one of the five releases

Cases that ended well through one release, and ran again with that release disabled. The endpoint then lives until
another release deletes it, or is never deleted.

| without | case | released by | without it |
| --- | --- | --- | --- |"""
_FOOT = """## How it works

```
make chaos                    all cases; an interrupted campaign continues where it stopped
make chaos KEEP=1             after a change of the code: only new cases and those that failed before
make chaos SAMPLE=30 SEED=7   30 cases with one fault and 20 with two, drawn with this seed
make chaos SAMPLE=300 PAGE=1  write this page for a sample
make chaos ONLY='batch|candidates'   faults only in the runs whose name matches this pattern
make chaos CASE='Grade one shard'    only the pairs of the model of the release protocol whose name matches
make chaos WORKERS=2          the number of local clouds that run in parallel
```

The code is in `tests/chaos/`. Several local clouds run in parallel with the engine `instant`
([local-bedrock.md](local-bedrock.md): no model, a stand-in). Their functions reach AWS through the proxy microburst.
These times are shorter than on AWS:

- a five-hundredth: the waits and retry intervals of the state machine, the pauses in the functions, the retries of the
  SDK
- 0.1 to 0.3 s: the pauses before an event is delivered again
- 0 s: Bedrock's time for jobs and endpoints
- 1 s: the time for which a dataset's folder must not change
- 2 s: the functions' read timeout

The SDK retries a call once.

How long a fault lasts: *once*: the first such call after that place. *For minutes*: the next eight calls. *Lasting*:
every such call of that function until the run has ended; only the sweep and the release schedule come later. A call
with a lasting hang hangs four times; after that its connections are cut. A cold function refuses four invocations
(`CodeArtifactUserPendingException`), a throttled one six (`TooManyRequestsException`). Stale reads: the next two Get or
List calls miss each job, model, throughput or deployment that is created after the fault.

Some names of places end with what triggers them: *by the switch* (the release schedule), *by the rule* (the rule on
ended executions) or *by the arrival* (the upload of a dataset).

Not covered: a state machine that times out (the rule on ended executions reacts to it, too), stops in states that take
no time (Choice, Pass, Succeed, Fail), and a fault of the sweep during a run at another time than in its training. Of
the runs *swept while it trains*, the sweep comes as soon as the job is started. All other sweeps come after a run.
"""
