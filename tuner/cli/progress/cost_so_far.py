"""Calculates how much of its estimate a run has spent so far, at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tuner.artifacts.costs.amounts import money_at_most
from tuner.artifacts.costs.cost_items import BATCH, COMPARED, JUDGE_BATCH, CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.cli.progress import training
from tuner.cli.progress.paid_window import PaidWindow, and_unknown
from tuner.cli.progress.steps import Mark
from tuner.cli.progress.training import TrainingProgress

# The items that a state (statemachine/customization.asl.json) pays for, from its start on.
_PAID_BY_STATE = {
    "Check that the account is ready": (CostItemId.JUDGE_TEST, CostItemId.SCORER_TEST),
    "Generate validation data": (CostItemId.GENERATION_INPUT, CostItemId.GENERATION_OUTPUT),
    "Start the batch jobs": tuple(BATCH),
    "Answer with the base model": (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT, *COMPARED),
    "Answer with the chosen base model": (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT, *COMPARED),
    training.STEP: (CostItemId.TRAINING,),
    "Summarize the training": (CostItemId.CUSTOM_MODEL_STORAGE,),
    "Ask a batch of the questions": (CostItemId.TUNED_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT),
    "Answer with the tuned model": (CostItemId.TUNED_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT),
    "Start the judge's batch jobs": tuple(JUDGE_BATCH),
    "Score the answers": (CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT, CostItemId.SCORER_CALLS),
}


@dataclass(frozen=True, slots=True)
class SpentSoFar:
    """The most that was spent, and how many prices in it are unknown."""

    usd: float
    unknown: int

    def after(self, earlier: SpentSoFar | None) -> SpentSoFar:
        """This sum, but no less than an earlier one: money that was spent does not come back.

        A sum can be smaller than an earlier one, because the share of a training is known only while it reports steps.
        """
        if earlier is None:
            return self
        return SpentSoFar(max(self.usd, earlier.usd), max(self.unknown, earlier.unknown))

    def sentence(self) -> str:
        """The sum in words."""
        return f"at most {money_at_most(self.usd)}{and_unknown(range(self.unknown))}"


def cost_so_far(
    estimate: Estimate | None, marks: Mapping[str, Mark], job: TrainingProgress | None, window: PaidWindow | None
) -> SpentSoFar | None:
    """The cost, with the number of unknown prices. None when there is no estimate yet."""
    if estimate is None:
        return None
    spent = dict(_spent(estimate, marks, job))
    if window and window.kind == "provisioned":
        spent[str(CostItemId.THROUGHPUT)] = window.usd
    unknown = [item for item, usd in spent.items() if usd is None]
    return SpentSoFar(sum(usd for usd in spent.values() if usd is not None), len(unknown))


def _spent(
    estimate: Estimate, marks: Mapping[str, Mark], job: TrainingProgress | None
) -> Iterator[tuple[str, float | None]]:
    """By the keys of the items."""
    for state, ids in _PAID_BY_STATE.items():
        if marks.get(state) not in ("running", "done", "failed"):
            continue
        share = _trained_share(job, marks) if state == training.STEP else 1.0
        for item in (each for each in estimate.items if each.id in ids):
            yield item.key, None if item.usd is None else item.usd * share


def _trained_share(job: TrainingProgress | None, marks: Mapping[str, Mark]) -> float:
    """The share of the training that is done; 1 when Bedrock does not report the progress."""
    if marks.get(training.STEP) != "running" or job is None:
        return 1.0
    if dict(job.stages).get("training") == "NotStarted":
        return 0.0
    return job.step / job.steps if job.steps else 1.0
