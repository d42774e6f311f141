"""Estimates the cost of the run, and decides whether it may proceed, needs an approval, or is refused.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, pricing:GetProducts.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, logger, step
from tuner.aws.price_list import PriceCache, PriceListApi
from tuner.costs.spending_decision import SpendingDecision, spending_decision, spending_reason
from tuner.costs.write_estimate import write_estimate


class SpendingResult(StepResult):
    """The decision, the sum and the reason. The state machine acts on the decision."""

    decision: SpendingDecision
    estimated_usd: float
    reason: str
    # The state machine uses it as the timeout of the state that waits for the approval.
    approval_seconds: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> SpendingResult:
    """Writes the estimate, and decides."""
    folder = env.folder(event.run_id)
    estimate = write_estimate(
        folder, folder.manifest(), env.deployment, PriceListApi(), PriceCache(env.artifacts_bucket)
    )
    for warning in estimate.warnings:
        logger.warning(warning)
    return SpendingResult(
        decision=spending_decision(estimate),
        estimated_usd=estimate.total_usd,
        reason=spending_reason(estimate),
        approval_seconds=round(env.deployment.approval_hours * 3600),
    )
