"""A campaign: the baselines, the cases with one and with two faults, and some cases without each release."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos import page
from tests.chaos.cases import Baseline, Case, derived, sampled
from tests.chaos.observations import RELEASES, release_at
from tests.chaos.pairs import pairs
from tests.chaos.results import Result, read
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.worker_pool import Task, WorkerPool


class BrokenRunError(Exception):
    """What a situation's own run met would be too little to derive cases from."""


@dataclass(frozen=True)
class Extent:
    """How much is played: so many cases with one fault and so many pairs, all when None, and for each release so many
    of the cases that it survived, without it."""

    singles: int | None = None
    pairs: int | None = None
    without_each: int = 4
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """What came of the cases (of `all_cases`), and of some of them `without` the release that they had survived by."""

    all_cases: int
    cases: list[Case]
    whole: list[Result]
    without: list[Result]

    def wrong(self) -> list[str]:
        """Cases that a check found fault with, or that leaked at the first try; releases that nothing missed."""
        bad = [f"{result.name}: {page.verdict(result)}" for result in self.whole if result.findings or result.leaked]
        blind = [
            f"Without {RELEASES[number]} nothing fared worse: the checks cannot fail, or it is not needed."
            for number in page.blind(self.whole, self.without)
        ]
        return bad + blind


class Campaign:
    """Plays what has no result in the folder yet, and keeps it there.

    `state` names the code that is played. With `keep`, cases that held at an earlier state are not played again.
    """

    def __init__(
        self, lanes: WorkerPool, folder: Path, say: Callable[[str], None], state: str = "", keep: bool = False
    ) -> None:
        self._lanes, self._say, self._state, self._keep = lanes, say, state, keep
        self._results, self._baselines = folder / "results.jsonl", folder / "baselines.jsonl"
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, extent: Extent, situations: Sequence[Scenario] = SCENARIOS) -> Outcome:
        """The situations, their faults and pairs of faults, and cases without each release."""
        plain = [Case(situation) for situation in situations]
        self.play([Task(case) for case in plain])
        met = self._met()
        one, two = derived(met, situations), pairs(met)
        drawn = sampled(one, extent.singles, extent.seed) + sampled(two, extent.pairs, extent.seed)
        cases = plain + drawn
        whole = self.play([Task(case) for case in cases])
        without = self.play(_without(cases, whole, extent))
        return Outcome(len(plain) + len(one) + len(two), cases, whole, without)

    def play(self, tasks: Sequence[Task]) -> list[Result]:
        """The results of all tasks, old and new, in the tasks' order. Raises BrokenRunError."""
        last = {(result.name, result.off): result for result in read(self._results)}
        known = {name: result for name, result in last.items() if self._same(result)}
        held = {name: result for name, result in last.items() if self._holds(result)}
        missing = [task for task in tasks if (task.case.name, task.off) not in held]
        known |= held
        self._play(missing, known)
        # Other work of the machine makes calls run out of time: what failed is tried once more, with less beside it.
        failed = [task for task in missing if known[task.case.name, task.off].findings and not task.off]
        self._play(failed, known)
        broken = [known[task.case.name, 0] for task in failed if not task.case.faults]
        for result in broken:
            if result.findings:
                raise BrokenRunError(
                    f"The run without a fault does not hold, so none is injected. {page.in_short(result)}"
                )
        return [known[task.case.name, task.off] for task in tasks]

    def _play(self, tasks: Sequence[Task], known: dict[tuple[str, int], Result]) -> None:
        # Mixed, so that at no time all lanes only wait for calls that hang.
        mixed = random.Random(len(tasks)).sample(list(tasks), len(tasks))
        for count, (result, baseline) in enumerate(self._lanes.play(mixed), 1):
            if baseline and not result.findings:
                _append(self._baselines, json.dumps(asdict(baseline)))
            kept = result.at(self._state, known.get((result.name, result.off)))
            _append(self._results, kept.line())
            known[result.name, result.off] = kept
            self._say(f"{count}/{len(mixed)} {page.in_short(kept)}")

    def _holds(self, result: Result) -> bool:
        """What failed is played again; without a release a case may fail."""
        return (self._same(result) or self._keep) and not (result.findings and not result.off)

    def _same(self, result: Result) -> bool:
        return result.state.rpartition(" ")[2] == self._state.rpartition(" ")[2]  # the commit may differ in its docs

    def _met(self) -> list[Baseline]:
        """The last baseline of each situation."""
        found = [Baseline.read(json.loads(line)) for line in self._baselines.read_text().splitlines()]
        return list({baseline.situation: baseline for baseline in found}.values())


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


def _without(cases: Sequence[Case], results: Sequence[Result], extent: Extent) -> list[Task]:
    """For each release some of the cases that it survived, now without it. What is switched off cannot be broken."""
    tasks: list[Task] = []
    for number in RELEASES:
        survived = [
            case
            for case, result in zip(cases, results, strict=True)
            if number in result.released_by and number not in {release_at(fault.place) for fault in case.faults}
        ]
        tasks += [Task(case, number) for case in sampled(survived, extent.without_each, extent.seed)]
    return tasks
