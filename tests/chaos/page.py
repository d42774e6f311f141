"""docs/chaos.md: what was injected, who released, and what leaks without each of the five."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.chaos.cases import Case
from tests.chaos.faults import CALL_FAULTS, FUNCTION_FAULTS, STOPS
from tests.chaos.results import Result
from tests.chaos.seen import RELEASES
from tests.chaos.situations import SITUATIONS

# What the page says while it does not tell of all cases.
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
    return "; ".join(result.findings) or "ok"


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
    """The page, from the results of the cases, of which `there_are` so many."""
    played = {result.name: (case, result) for case, result in zip(cases, whole, strict=True)}
    parts = [
        _HEAD.format(
            count=_of(len(whole), there_are), bad=sum(bool(result.findings) for result in whole), counts=_counts(whole)
        ),
        _failed(whole),
        _situations(whole),
        _calls(played.values()),
        _grid("Functions", "place", FUNCTION_FAULTS, "the function", whole),
        _grid("The operator stops the execution", "state", STOPS, "the execution", whole),
        _without(whole, without),
        _FOOT,
    ]
    return "\n".join(parts)


def _of(count: int, there_are: int) -> str:
    return f"{count} cases" if count == there_are else f"{count} cases, {SAMPLE} the {there_are} there are"


def _counts(whole: Iterable[Result]) -> str:
    counted = Counter(number for result in whole for number in set(result.released_by))
    rows = [f"| {number} | {words} | {counted[number]} |" for number, words in RELEASES.items()]
    return "\n".join(["| | release | cases that it survived |", "| --- | --- | ---: |", *rows])


def _failed(whole: Iterable[Result]) -> str:
    rows = [f"- {result.name}: {_shortened(finding)}" for result in whole for finding in result.findings]
    return "\n".join(["## What failed a check\n", *(rows or ["Nothing."]), ""])


def _shortened(finding: str) -> str:
    """Without the name of the run, which says nothing to a reader."""
    return re.sub(r"case-[0-9a-f-]+", "the run", finding)


def _situations(whole: Iterable[Result]) -> str:
    by_name = {result.name: result for result in whole}
    rows = [
        f"| {situation.name} | {'/'.join(result.ended)} | {cell(result)} |"
        for situation in SITUATIONS
        if (result := by_name.get(situation.name))
    ]
    return "\n".join(
        ["## Runs without a further fault\n", "| run | ends | released by |", "| --- | --- | --- |", *rows, ""]
    )


def _calls(played: Iterable[tuple[Case, Result]]) -> str:
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for case, result in played:
        if case.act == "rules":
            fault, _, extent = case.fault.rpartition(", ")
            key = (case.situation.name, case.place, case.what, extent)
            lines.setdefault(key, {})[fault] = cell(result)
    faults = [fault.name for fault in CALL_FAULTS]
    rows = [_row((place, f"`{what}`", extent), found, faults) for (_, place, what, extent), found in lines.items()]
    return "\n".join(["## AWS calls\n", *_header(("place", "call", "how long"), faults), *rows, ""])


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

# Faults, and who released the throughput

*For whoever wants to see it shown that nothing stays alive.*

Runs of the pipeline on the local cloud, with one fault each: {count}. {bad} failed a check. The cases
are derived from the state machine and from what a run of each kind was recorded to call.

After each case, when everything rests: no throughput and no deployment is alive; a run has started one job and made one
purchase at most; its execution has ended; its report or its notice is there and says how; the inputs are untouched;
every artifact is absent or whole.

{counts}

A cell says which of the five released what the run had bought, and for how many seconds it was paid for, with the waits
of the state machine at a five-hundredth; `·`: nothing was bought; `–`: Bedrock or somebody else took it away. Where
something was alive when all rested, the harness turned the clock forward: to the hourly sweep (+ ≤ 1 h), then to the
release switch's time.
"""
_WITHOUT_HEAD = """## Without one of the five

Cases that a release survived, played again with that release switched off: what was bought then lives until another one
comes, or for ever.

| without | case | released by | without it |
| --- | --- | --- | --- |"""
_FOOT = """## How it is done

```
make chaos                    all cases, resumed where an interrupted run stopped
make chaos SAMPLE=30 SEED=7   some of them, drawn by that seed
```

`tests/chaos/` holds it. Each lane is a local cloud of its own with the `instant` engine (docs/local-bedrock.md: no
model, a stand-in that says so); its functions reach AWS through microburst. Scaled: waits and retry intervals of the
state machine, pauses and the SDK's own retries in the functions (a five-hundredth each), pauses before an event is
delivered again (0.1 s), what Bedrock takes for jobs and throughput (0 s), the time a dataset's folder must rest (1 s),
how long a function waits for an answer (2 s); the SDK repeats a call once. A fault is injected *once*, at the first
such call from that place on, or *lasting*: at every such call of that function until nothing more happens, after which
only the sweep and the switch come. What hangs lastingly hangs as often as one state tries, and is cut from then on.

Not shown here: a state machine out of time (the same rule as for stopped executions answers to it), and stops in states
that take no time (Choice, Pass, Succeed, Fail).
"""
