"""Collects the warnings that the estimate shows before the run spends anything."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.preflight import Preflight
from tuner.costs.cost_inputs import CostInputs, Plan
from tuner.costs.judge_usage import JudgeUsage, check_time
from tuner.training import warmup


def warnings(
    plan: Plan, inputs: CostInputs, training_records: int, account: Preflight, shard_size: int
) -> Iterator[str]:
    """The warnings, in the order of the run. Raises QuotaError when the judge's quotas cannot serve the run."""
    model = plan.model
    yield from account.warnings
    if model.family.unconfirmed:
        yield f"AWS does not document for {model.name}: {'; '.join(model.family.unconfirmed)}."
    if found := warmup.warning(model, plan.settings.hyperparameters, training_records):
        yield found
    yield from check_time(account, JudgeUsage.of(plan, inputs), max(1, -(-inputs.questions.count // shard_size)))
