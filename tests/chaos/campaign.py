"""A campaign: runs the baselines, the cases with one and with two faults, and some cases without each release."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.chaos import page
from tests.chaos.cases import Baseline, Case, derived, sampled
from tests.chaos.observations import RELEASES, release_at
from tests.chaos.protocol_cases import modelled
from tests.chaos.results import Result, read
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.two_fault_cases import pairs
from tests.chaos.workers.worker_pool import Task, TaskResult
from tests.protocol.transitions import SITUATIONS

RESULTS, BASELINES = "results.jsonl", "baselines.jsonl"


class BrokenRunError(Exception):
    """A scenario's run without a fault fails a check. No cases can be derived from it."""


class Pool(Protocol):
    """Runs the tasks: a WorkerPool, or a fake in tests."""

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """The results in the order in which they arrive."""


@dataclass(frozen=True)
class CampaignSize:
    """How many cases with one fault, how many pairs and how many cases from the model run; all if None.

    For each release, `without_each` of the cases that it released run again without it. Faults are injected into the
    scenarios whose name matches the pattern `only`.
    """

    singles: int | None = None
    pairs: int | None = None
    modelled: int | None = None
    without_each: int = 4
    seed: int = 1
    only: str = ""


@dataclass(frozen=True)
class Outcome:
    """The results of the cases, and of those that ran `without` a release. There are `all_cases` cases in all."""

    all_cases: int
    cases: list[Case]
    complete: list[Result]
    without: list[Result]

    def failures(self) -> list[str]:
        """Cases with findings, cases that leaked in the first attempt, and releases without which nothing was worse."""
        failed = [
            f"{result.name}: {page.verdict(result)}" for result in self.complete if result.findings or result.leaked
        ]
        unneeded = [
            f"Without {RELEASES[number]} no case was worse. Either the checks cannot fail, or it is not needed."
            for number in page.unneeded_releases(self.complete, self.without)
        ]
        return failed + unneeded


class Campaign:
    """Runs the cases that have no result in the folder yet, and keeps their results there.

    `code_state` identifies the code that runs. With `keep`, cases that passed with earlier code do not run again.
    """

    def __init__(
        self, pool: Pool, folder: Path, report: Callable[[str], None], code_state: str = "", keep: bool = False
    ) -> None:
        self._pool, self._report, self._code_state, self._keep = pool, report, code_state, keep
        self._results, self._baselines = folder / RESULTS, folder / BASELINES
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, size: CampaignSize, scenarios: Sequence[Scenario] = SCENARIOS) -> Outcome:
        """Run the scenarios, their faults and pairs of faults, and some cases without each release."""
        self.results_of([Task(Case(scenario)) for scenario in scenarios])
        cases, count = _cases(_kept_baselines(self._baselines), size, scenarios)
        complete = self.results_of([Task(case) for case in cases])
        without = self.results_of(_without_releases(cases, complete, size))
        return Outcome(count, cases, complete, without)

    def results_of(self, tasks: Sequence[Task]) -> list[Result]:
        """The kept and new results of all tasks, in their order. Raises BrokenRunError."""
        last = {(result.name, result.disabled_release): result for result in read(self._results)}
        known = {key: result for key, result in last.items() if self._same_code(result)}
        valid = {key: result for key, result in last.items() if self._is_valid(result)}
        missing = [task for task in tasks if (task.case.name, task.disabled_release) not in valid]
        known |= valid
        self._run(missing, known)
        # Other load on the machine makes calls time out. Failed cases run once more, with fewer cases beside them.
        failed = [
            task
            for task in missing
            if known[task.case.name, task.disabled_release].findings and not task.disabled_release
        ]
        self._run(failed, known)
        broken = [known[task.case.name, 0] for task in failed if not task.case.faults]
        for result in broken:
            if result.findings:
                raise BrokenRunError(
                    f"A run without a fault fails its checks, so no faults are injected. {page.summary(result)}"
                )
        return [known[task.case.name, task.disabled_release] for task in tasks]

    def _run(self, tasks: Sequence[Task], known: dict[tuple[str, int], Result]) -> None:
        # Shuffled, so that the cases with hanging calls are spread over time and workers.
        shuffled = random.Random(len(tasks)).sample(list(tasks), len(tasks))
        for count, (result, baseline) in enumerate(self._pool.run(shuffled), 1):
            if baseline and not result.findings:
                _append(self._baselines, json.dumps(baseline.document()))
            key = (result.name, result.disabled_release)
            kept = result.of_state(self._code_state, known.get(key))
            _append(self._results, kept.model_dump_json())
            known[key] = kept
            self._report(f"{count}/{len(shuffled)} {page.summary(kept)}")

    def _is_valid(self, result: Result) -> bool:
        """Whether a kept result stands. A failed case runs again; a case without a release is allowed to fail."""
        return (self._same_code(result) or self._keep) and not (result.findings and not result.disabled_release)

    def _same_code(self, result: Result) -> bool:
        """Compares the digest of the code. The commit may differ in files that no result depends on."""
        return result.code_state.rpartition(" ")[2] == self._code_state.rpartition(" ")[2]


def kept_outcome(folder: Path, size: CampaignSize) -> Outcome:
    """The outcome of a finished campaign from its kept results, also those of earlier code. Runs nothing.

    Raises:
        KeyError: a case has no kept result.
    """
    last = {(result.name, result.disabled_release): result for result in read(folder / RESULTS)}
    cases, count = _cases(_kept_baselines(folder / BASELINES), size, SCENARIOS)
    complete = [last[case.name, 0] for case in cases]
    tasks = _without_releases(cases, complete, size)
    without = [last[task.case.name, task.disabled_release] for task in tasks]
    return Outcome(count, cases, complete, without)


def _kept_baselines(path: Path) -> list[Baseline]:
    """The last baseline of each scenario."""
    found = [Baseline.read(json.loads(line)) for line in path.read_text().splitlines()]
    return list({baseline.scenario: baseline for baseline in found}.values())


def _cases(baselines: list[Baseline], size: CampaignSize, scenarios: Sequence[Scenario]) -> tuple[list[Case], int]:
    """The cases of a campaign of this size, and the number of all cases."""
    plain = [Case(scenario) for scenario in scenarios]
    singles, doubles = derived(baselines, scenarios), pairs(baselines)
    known = {case.name for case in doubles}
    # The exploration of the model takes minutes.
    explored = size.modelled != 0 and any(re.search(size.only, situation.name) for situation in SITUATIONS)
    others = [case for case in modelled() if case.name not in known] if explored else []
    singles, doubles, others = (
        [case for case in cases if re.search(size.only, case.scenario.name)] for cases in (singles, doubles, others)
    )
    drawn = sampled(singles, size.singles, size.seed) + sampled(doubles, size.pairs, size.seed)
    drawn += sampled(others, size.modelled, size.seed)
    return plain + drawn, len(plain) + len(singles) + len(doubles) + len(others)


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


def _without_releases(cases: Sequence[Case], results: Sequence[Result], size: CampaignSize) -> list[Task]:
    """For each release, some of the cases that it released, to run without it.

    Cases with a fault at the disabled release itself are left out, because that fault could not be injected.
    """
    tasks: list[Task] = []
    for number in RELEASES:
        released = [
            case
            for case, result in zip(cases, results, strict=True)
            if number in result.released_by and number not in {release_at(fault.place) for fault in case.faults}
        ]
        tasks += [Task(case, number) for case in sampled(released, size.without_each, size.seed)]
    return tasks
