"""What a run should be warned of before it spends anything, beside its cost."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.costs.cost_inputs import Counted, Plan
from tuner.costs.judge_usage import Judging, check_time
from tuner.preflight import Preflight
from tuner.training import warmup


def warnings(plan: Plan, counted: Counted, records: int, account: Preflight, shard_size: int) -> Iterator[str]:
    """In the order of the run; `records` are those of the training data.

    Raises QuotaError when the judge's quotas cannot serve the run at all.
    """
    model = plan.model
    yield from account.warnings
    if model.family.unconfirmed:
        yield f"AWS does not document for {model.name}: {'; '.join(model.family.unconfirmed)}."
    if found := warmup.warning(model, plan.settings.hyperparameters, records):
        yield found
    yield from check_time(account, Judging.of(plan, counted), max(1, -(-counted.questions.count // shard_size)))
