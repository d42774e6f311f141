"""Calculates how much of its estimate a run has spent so far, at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.cli.progress import training
from tuner.cli.progress.paid_window import PaidWindow, amount
from tuner.cli.progress.steps import Mark
from tuner.cli.progress.training import TrainingProgress

# The items that a state (statemachine/customization.asl.json) pays for, from its start on.
_PAID_BY_STATE = {
    "Generate validation data": (CostItemId.GENERATION_INPUT, CostItemId.GENERATION_OUTPUT),
    "Answer with the base model": (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT),
    training.STEP: (CostItemId.TRAINING,),
    "Summarize the training": (CostItemId.CUSTOM_MODEL_STORAGE,),
    "Answer with the tuned model": (CostItemId.TUNED_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT),
    "Score the answers": (CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT),
}


def cost_so_far(
    estimate: Estimate | None, marks: Mapping[str, Mark], job: TrainingProgress | None, window: PaidWindow | None
) -> str:
    """The cost in words, with the number of unknown prices. Empty when there is no estimate yet."""
    if estimate is None:
        return ""
    spent = dict(_spent(estimate, marks, job))
    if window and window.kind == "provisioned":
        spent[CostItemId.THROUGHPUT] = window.usd
    unknown = [item for item, usd in spent.items() if usd is None]
    return f"at most {amount(sum(usd for usd in spent.values() if usd is not None), unknown)}"


def _spent(
    estimate: Estimate, marks: Mapping[str, Mark], job: TrainingProgress | None
) -> Iterator[tuple[CostItemId, float | None]]:
    for state, ids in _PAID_BY_STATE.items():
        if marks.get(state) not in ("running", "done", "failed"):
            continue
        share = _trained_share(job, marks) if state == training.STEP else 1.0
        for item in filter(None, map(estimate.find, ids)):
            yield item.id, None if item.usd is None else item.usd * share


def _trained_share(job: TrainingProgress | None, marks: Mapping[str, Mark]) -> float:
    """The share of the training that is done; 1 when Bedrock does not report the progress."""
    running = marks.get(training.STEP) == "running"
    return job.step / job.steps if running and job and job.steps else 1.0
