"""What a run that has ended spent, for the ledger of spending.

The bill of the report says what the run measured. Where it measured nothing, the worst case of the estimate counts, and
nothing only for what the run cannot have begun.
"""

from __future__ import annotations

from decimal import Decimal

from tuner.artifacts.costs.cost_items import GENERATION, OVERHEAD, CostItemId
from tuner.artifacts.costs.estimate import CostItem
from tuner.artifacts.costs.ledger import money
from tuner.artifacts.report import Report

# Bedrock counts these while a step runs. The answers and grades of a step that was cut off are not all stored.
_COUNTED_BY_STEP = frozenset(
    {
        CostItemId.BASE_MODEL_INPUT,
        CostItemId.BASE_MODEL_OUTPUT,
        CostItemId.TUNED_MODEL_INPUT,
        CostItemId.TUNED_MODEL_OUTPUT,
        CostItemId.JUDGE_INPUT,
        CostItemId.JUDGE_OUTPUT,
    }
)


def spent(report: Report, has_training_job: bool) -> Decimal | None:
    """What the run spent. None when it is not known: then the reservation stays as it is.

    `has_training_job` says whether the run recorded a customization job, which it does before it starts one.
    """
    if report.estimate is None or report.unreadable:
        return None
    return money(sum(_item(item, report, has_training_job) for item in report.estimate.items))


def _item(item: CostItem, report: Report, has_training_job: bool) -> float:
    if item.id in GENERATION:
        return item.usd or 0  # generated before the estimate, which has the actual tokens
    if not _went_on(report):
        return (item.usd or 0) if item.id in OVERHEAD else 0
    most = item.usd or 0 if item.at_most_usd is None else item.at_most_usd
    succeeded = report.status == "SUCCEEDED"
    if item.id == CostItemId.TRAINING and not has_training_job and not succeeded:
        return 0
    if item.id in _COUNTED_BY_STEP and not succeeded:
        return most
    billed = next((each for each in report.bill.items if each.key == item.key), None) if report.bill else None
    if billed is not None:
        return most if billed.usd is None else billed.usd
    return most if item.id == CostItemId.TRAINING or item.id in OVERHEAD else 0


def _went_on(report: Report) -> bool:
    """Whether the run got further than its estimate: it was within its budget, and was approved if it had to be."""
    if report.failure and report.failure.error == "BudgetExceededError":
        return False
    return report.approval is None or report.approval.decision == "approved"
