"""Money so far: what of its estimate a run has spent by now, at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tuner.cli.progress import training
from tuner.cli.progress.paid_window import PaidWindow, known
from tuner.cli.progress.steps import Mark
from tuner.cli.progress.training import Training

# Which items of the estimate a step spends (statemachine/customization.asl.json), once it has begun.
_SPENT_BY = {
    "Generate validation data": ("Generation, reading", "Generation, writing"),
    "Answer with the base model": ("Base model, questions", "Base model, answers"),
    training.STEP: ("Training",),
    "Summarize the training": ("Custom model storage",),
    "Answer with the tuned model": ("Tuned model, questions", "Tuned model, answers"),
    "Score the answers": ("Judge, reading", "Judge, verdicts"),
}
_THROUGHPUT = "Provisioned throughput"


def so_far(
    estimate: Mapping[str, Any] | None, marks: Mapping[str, Mark], job: Training | None, window: PaidWindow | None
) -> str:
    """In words, with what has no known price named; empty before there is an estimate."""
    if estimate is None:
        return ""
    items: dict[str, float | None] = {item["name"]: item.get("usd") for item in estimate["items"]}
    spent = dict(_spent(items, marks, job))
    if window and window.kind == "provisioned":
        spent[_THROUGHPUT] = window.usd
    unknown = [name for name, usd in spent.items() if usd is None]
    return f"at most {known(_total(spent.values()), unknown)}"


def _spent(
    items: Mapping[str, float | None], marks: Mapping[str, Mark], job: Training | None
) -> Iterator[tuple[str, float | None]]:
    for step, names in _SPENT_BY.items():
        if marks.get(step) not in ("running", "done", "failed"):
            continue
        for name in names:
            if name in items:
                usd, share = items[name], _share(job, marks) if step == training.STEP else 1.0
                yield name, None if usd is None else usd * share


def _share(job: Training | None, marks: Mapping[str, Mark]) -> float:
    """How much of the training is done: all of it where Bedrock does not tell."""
    running = marks.get(training.STEP) == "running"
    return job.step / job.steps if running and job and job.steps else 1.0


def _total(amounts: Iterable[float | None]) -> float:
    return sum(usd for usd in amounts if usd is not None)
