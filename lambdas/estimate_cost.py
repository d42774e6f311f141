"""Estimates the cost of the run, and decides whether it may proceed, needs an approval, or is refused.

Ends the run if files were added to its dataset since it was started, and nothing is paid yet.

Reserves the run's worst case in the ledger of spending. A run that would pass a ceiling of the month needs an approval.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, pricing:GetProducts,
dynamodb:GetItem, dynamodb:Query, dynamodb:PutItem, dynamodb:UpdateItem.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.step import Environment, RunEvent, StepResult, logger, metrics, step
from tuner.artifacts.costs.cost_items import BATCH, JUDGE_BATCH
from tuner.artifacts.costs.estimate import WorstCase
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.aws.price_list import PriceCache, PriceListApi
from tuner.aws.s3.dataset_bucket import DatasetBucket
from tuner.core.times import now
from tuner.costs.ledger.reservation import reserve
from tuner.costs.spending_decision import SpendingDecision, spending_decision, spending_reason
from tuner.costs.write_estimate import write_estimate
from tuner.intake.arrival import refuse_incomplete


class EstimateEvent(RunEvent):
    """`planned`: before data is generated, from the plan. `approved`: what a person has approved in this run."""

    planned: bool = False
    approved: WorstCase | None = None


class SpendingResult(StepResult):
    """The decision, the sum and the reason. The state machine acts on the decision, and keeps what was approved.

    `batch`: whether contestants are asked in batch jobs. `judge_batch`: whether judges are.
    """

    decision: SpendingDecision
    estimated_usd: float
    reason: str
    # The state machine uses it as the timeout of the state that waits for the approval.
    approval_seconds: int
    worst_case: WorstCase
    batch: bool
    judge_batch: bool


@step(EstimateEvent)
def handler(event: EstimateEvent, env: Environment) -> SpendingResult:
    """Writes the estimate, and decides. Raises DatasetError for a dataset whose upload was not complete."""
    folder = env.open_folder(event.run_id)
    manifest = folder.manifest()
    if event.planned or not manifest.generates:  # after a generation, something is paid
        refuse_incomplete(DatasetBucket(env.data_bucket), manifest)
    prices = PriceCache(env.artifacts_bucket)
    estimate = write_estimate(folder, manifest, env.deployment, PriceListApi(), prices, event.planned)
    ledger = LedgerTable(env.state_table)
    estimate, part = reserve(ledger, folder, manifest.dataset, estimate, env.deployment, now())
    if part is not None:
        metrics.add_metric("CeilingUsedPercent", MetricUnit.Percent, 100 * part)
    for warning in estimate.warnings:
        logger.warning(warning)
    return SpendingResult(
        decision=spending_decision(estimate, event.approved),
        estimated_usd=estimate.total_usd,
        reason=spending_reason(estimate),
        approval_seconds=round(env.deployment.approval_hours * 3600),
        worst_case=estimate.worst_case,
        batch=any(item.id in BATCH for item in estimate.items),
        judge_batch=any(item.id in JUDGE_BATCH for item in estimate.items),
    )
