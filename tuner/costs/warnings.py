"""Collects the warnings that the estimate shows before the run spends anything."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.preflight import Preflight
from tuner.costs.cost_inputs import CostInputs, Plan
from tuner.costs.judge_usage import JudgeUsage, check_time, refuse_too_many_answers
from tuner.training import warmup


def warnings(
    plan: Plan, inputs: CostInputs, training_records: int, preflight: Preflight, shard_size: int
) -> Iterator[str]:
    """The warnings, in the order of the run.

    Raises QuotaError when the judge's quotas cannot serve the run, and DatasetError when it has too many answers.
    """
    refuse_too_many_answers(plan, inputs)
    model = plan.model
    yield from preflight.warnings
    if model.family.unconfirmed:
        yield f"AWS does not document for {model.name}: {'; '.join(model.family.unconfirmed)}."
    if found := warmup.warning(model, plan.settings.hyperparameters, training_records):
        yield found
    for contestant in plan.others:
        if len(plan.base_models) == 1 and contestant.model in (model.invoke_id, model.profile):
            yield (
                f"compare_with: {contestant.title} is the base model of the run, which is always compared: its answers "
                "are paid for twice. Remove it."
            )
    shards = max(1, -(-inputs.questions.count * plan.settings.evaluation.samples // shard_size))
    # Several judges are asked at the same time, each within quotas of its own.
    for judge in plan.judges:
        for warning in check_time(preflight.of_judge(judge.id), JudgeUsage.of(plan, inputs, judge), shards):
            if judge.id not in inputs.batched_judges:  # the quotas are those of calls
                yield warning
