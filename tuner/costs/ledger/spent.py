"""What a run that has ended spent, for the ledger of spending.

It is never less than what AWS bills for the items of the estimate that have a price. Paid calls count with the tokens
of their replies and, where a reply was lost or a function was cut off, with the most that was reserved for them. The
bill of the report says what else the run measured. Where it measured nothing, training and overhead count with their
worst case. An item counts as zero only if the run cannot have started it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tuner.artifacts.costs.amounts import exact_amount
from tuner.artifacts.costs.cost_items import BATCH, GENERATION, JUDGE_BATCH, NOT_MEASURED, OVERHEAD, TESTS, CostItemId
from tuner.artifacts.costs.estimate import CostItem
from tuner.artifacts.costs.token_reservation import Payer, batch_payer, judge_batch, judge_payer
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.report import Report
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.costs.meter import Tokens, most_used
from tuner.training.job_record import job_records

_TRAINED = frozenset({CostItemId.TRAINING, CostItemId.CUSTOM_MODEL_STORAGE})
_Which = Literal["input", "output"]
METERED: Mapping[CostItemId, tuple[Payer, _Which]] = {
    CostItemId.GENERATION_INPUT: ("generation", "input"),
    CostItemId.GENERATION_OUTPUT: ("generation", "output"),
    CostItemId.BASE_MODEL_INPUT: (BASE, "input"),
    CostItemId.BASE_MODEL_OUTPUT: (BASE, "output"),
    CostItemId.TUNED_MODEL_INPUT: (TUNED, "input"),
    CostItemId.TUNED_MODEL_OUTPUT: (TUNED, "output"),
    # The payer is the contestant that the item names.
    CostItemId.COMPARED_INPUT: ("", "input"),
    CostItemId.COMPARED_OUTPUT: ("", "output"),
    CostItemId.BATCH_INPUT: ("", "input"),
    CostItemId.BATCH_OUTPUT: ("", "output"),
    CostItemId.JUDGE_INPUT: (judge_payer(0), "input"),
    CostItemId.JUDGE_OUTPUT: (judge_payer(0), "output"),
    CostItemId.JUDGE_BATCH_INPUT: (batch_payer(judge_batch(0)), "input"),
    CostItemId.JUDGE_BATCH_OUTPUT: (batch_payer(judge_batch(0)), "output"),
    # Calls, in the place of tokens.
    CostItemId.SCORER_CALLS: ("scorer", "input"),
}
"""The items that are paid for by the token or the call, the payer whose calls they are, and which tokens."""


@dataclass(frozen=True, slots=True)
class PaidUse:
    """What the folder of a run shows of its spending.

    `calls`: the most that AWS bills for the calls of each payer. `has_training_job`: the run recorded a customization
    job, which it does before it starts one. `may_have_bought`: the training ended, and no endpoint is recorded.
    `was_stopped`: the release stopped every customization job of the run, so that none made a model.
    """

    calls: Mapping[Payer, Tokens] = field(default_factory=dict)
    has_training_job: bool = False
    may_have_bought: bool = False
    was_stopped: bool = False

    @classmethod
    def of(cls, folder: RunFolder, report: Report) -> PaidUse:
        """Reads the reservations of the run's calls, and lists its artifacts."""
        items = report.estimate.items if report.estimate else ()
        payers = {_payer(item, items) for item in items if item.id in METERED}
        is_trained = bool(folder.list(Keys.TRAINING_SUMMARY))
        return cls(
            {payer: most_used(folder, payer) for payer in payers},
            bool(folder.list(Keys.TRAINING_JOB) or folder.list(Keys.CANDIDATES)),
            is_trained and not folder.list(Keys.ENDPOINT),
            report.status != "SUCCEEDED" and not is_trained and _was_stopped(folder),
        )


def _was_stopped(folder: RunFolder) -> bool:
    """Whether the release stopped all jobs of the run. A record that cannot be read says nothing."""
    try:
        jobs = job_records(folder).values()
    except ArtifactError:
        return False
    return bool(jobs) and all(job.stopped_at is not None for job in jobs)


def _payer(item: CostItem, items: Sequence[CostItem]) -> Payer:
    """The payer of a metered item. Each judge has items of its own, in the order of the judges."""
    if item.contestant:
        return batch_payer(item.contestant) if item.id in BATCH else item.contestant
    payer, _ = METERED[item.id]
    if payer not in (judge_payer(0), batch_payer(judge_batch(0))):
        return payer
    place = [each.model for each in items if each.id == CostItemId.JUDGE_INPUT].index(item.model)
    return batch_payer(judge_batch(place)) if item.id in JUDGE_BATCH else judge_payer(place)


def spent(report: Report, use: PaidUse) -> Decimal | None:
    """What the run spent at most. None when it is not known: then the reservation stays as it is."""
    if report.estimate is None or report.unreadable:
        return None
    chosen = report.training.chosen_base_model if report.training else None
    estimate = report.estimate.of_choice(chosen) if chosen else report.estimate
    report = report.model_copy(update={"estimate": estimate})
    return exact_amount(sum(_item(item, report, use) for item in estimate.items))


def _item(item: CostItem, report: Report, use: PaidUse) -> float:
    """What the run spent on an item at most, in dollars."""
    most = item.usd or 0 if item.at_most_usd is None else item.at_most_usd
    if item.id in METERED:
        return _metered(item, report, use, most)
    if item.id in TESTS:  # made before the estimate, and perhaps several times
        return most
    if not _passed_approval(report):
        return (item.usd or 0) if item.id in OVERHEAD else 0
    if report.status != "SUCCEEDED":
        if item.id in _TRAINED and not use.has_training_job:
            return 0
        if item.id == CostItemId.CUSTOM_MODEL_STORAGE and use.was_stopped:
            return 0
        if item.id in _TRAINED and report.training is None:
            return most
        if item.id == CostItemId.THROUGHPUT and _may_be_paid(report, use):
            return most
    return _billed(item, report, most)


def _metered(item: CostItem, report: Report, use: PaidUse, most: float) -> float:
    if item.at_most is not None and report.estimate is not None:
        _, which = METERED[item.id]
        tokens: int = getattr(use.calls.get(_payer(item, report.estimate.items), Tokens(0, 0)), which)
        return tokens * (item.unit_price_usd or 0)
    # An estimate of release 0.1.0, whose calls were not metered. Not all answers of a step that was cut off are stored.
    if item.id in GENERATION:
        return item.usd or 0
    if not _passed_approval(report):
        return 0
    return _billed(item, report, most) if report.status == "SUCCEEDED" else most


def _billed(item: CostItem, report: Report, most: float) -> float:
    """What the run measured. Where it measured nothing: the worst case for training and overhead, and otherwise 0."""
    billed = next((each for each in report.bill.items if each.key == item.key), None) if report.bill else None
    if billed is not None:
        return most if billed.usd is None else billed.usd
    return most if item.id == CostItemId.TRAINING or item.id in NOT_MEASURED else 0


def _may_be_paid(report: Report, use: PaidUse) -> bool:
    """Whether throughput may exist that is not recorded, or not released."""
    if report.serving is None:
        refused = report.failure is not None and report.failure.error == "QuotaError"
        return use.may_have_bought and not refused
    return report.serving.released_at is None


def _passed_approval(report: Report) -> bool:
    """Whether the run got further than its estimate: it was within its budget, and was approved if it had to be."""
    if report.failure and report.failure.error == "BudgetExceededError":
        return False
    return report.approval is None or report.approval.decision == "approved"
