"""Decides whom a run that is not in a hurry asks in batch jobs, which cost half of what calls cost.

Source of the limits: Amazon Bedrock User Guide, "Format and upload your batch inference data", and the names of the
account's quotas (November 2026). Bedrock asks neither provisioned throughput nor deployments in batch jobs.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.artifacts.evaluation.contestants import Contestant, ContestantName
from tuner.artifacts.preflight import Preflight
from tuner.core.resource_names import MOST_BATCHES
from tuner.costs.cost_inputs import CostInputs, Plan

USUAL_LEAST = 100
"""The least records of a batch job: AWS's default for most models."""
# The most, for most models.
_MOST_RECORDS = 50_000
# Bedrock allows 1 GB; the function that writes the file has it in memory.
_MOST_BYTES = 200 * 10**6


@dataclass(frozen=True, slots=True)
class BatchChoice:
    """The contestants that are asked in batch jobs, and a sentence for each one that could not be."""

    batched: frozenset[ContestantName] = frozenset()
    reasons: tuple[str, ...] = ()


def batch_choice(plan: Plan, inputs: CostInputs, account: Preflight) -> BatchChoice:
    """Whom to ask in batch jobs. Nobody in a run that is in a hurry, or that asks nothing."""
    if plan.settings.hurry or plan.settings.serving == "none":
        return BatchChoice()
    found = {
        each.name: _reason(plan, inputs, account, number, each)
        for number, each in enumerate(plan.contestants, 1)
        if each.asks_on_demand
    }
    return BatchChoice(
        frozenset(name for name, reason in found.items() if reason is None),
        tuple(
            f"hurry: {each.title} is asked by calls, at the full price: {found[each.name]}"
            for each in plan.contestants
            if found.get(each.name)
        ),
    )


def _reason(plan: Plan, inputs: CostInputs, account: Preflight, number: int, contestant: Contestant) -> str | None:
    """Why the contestant cannot be asked in a batch job; None if it can."""
    if len(plan.base_models) > 1:
        return "with candidates of several base models, everybody is asked after the training."
    model = contestant.model or plan.model.base_endpoint
    settings = plan.settings_of(contestant)
    asked = inputs.asked_of(contestant, settings)
    records, least = asked.count * settings.evaluation.samples, account.batch_minimums.get(model)
    if least is None:
        return (
            f"Service Quotas names no least number of records for batch jobs of {model} here, so it is not known "
            "whether Bedrock accepts one."
        )
    if records < least:
        return f"a batch job of {model} has at least {least:,} records, and the run has {records:,}."
    if records > _MOST_RECORDS:
        return f"a batch job has at most {_MOST_RECORDS:,} records, and the run has {records:,}."
    if asked.most_question_tokens * settings.evaluation.samples > _MOST_BYTES:
        return f"the requests are more than {_MOST_BYTES // 10**6} MB."
    if number > MOST_BATCHES:
        return f"a run has at most {MOST_BATCHES} batch jobs."
    return None
