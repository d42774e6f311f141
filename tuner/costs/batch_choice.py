"""Decides whom a run that is not in a hurry asks in batch jobs, which cost half of what calls cost.

Source of the limits: Amazon Bedrock User Guide, "Format and upload your batch inference data", and the names of the
account's quotas (November 2026). Bedrock asks neither provisioned throughput nor deployments in batch jobs.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.evaluation.contestants import Contestant, ContestantName
from tuner.artifacts.preflight import Preflight
from tuner.costs.cost_inputs import CostInputs, Plan
from tuner.costs.judge_usage import JudgeUsage
from tuner.costs.prices.price_list import PriceList

USUAL_LEAST = 100
"""The least records of a batch job: AWS's default for most models."""
MOST_BATCHES = 20
"""The most batch jobs of one run. A job's number is at most two digits of its name."""
# The most, for most models.
_MOST_RECORDS = 50_000
# Bedrock allows 1 GB; the function that writes the file has it in memory.
_MOST_BYTES = 200 * 10**6


@dataclass(frozen=True, slots=True)
class BatchChoice:
    """The contestants and judges that are asked in batch jobs, and a sentence for each one that could not be.

    `judges` are the ids of their models.
    """

    batched: frozenset[ContestantName] = frozenset()
    judges: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anybody is asked in a batch job."""
        return bool(self.batched or self.judges)

    def of_cheaper_judges(self, plan: Plan, prices: PriceList) -> BatchChoice:
        """The choice without the judges for which no price of a batch is known.

        They would be asked for JSON as text instead of by a tool call, and nothing shows that this is cheaper.
        """
        models = {judge.id: judge for judge in plan.judges}
        unknown = [
            judge
            for judge in models.values()
            if judge.id in self.judges
            and not all(prices.find(item, judge.foundation_model) for item in ("batch_input", "batch_output"))
        ]
        reasons = (_of_judge(judge, "no price of a batch job is known for it.") for judge in unknown)
        return BatchChoice(self.batched, self.judges - {judge.id for judge in unknown}, (*self.reasons, *reasons))


def batch_choice(plan: Plan, inputs: CostInputs, preflight: Preflight) -> BatchChoice:
    """Whom to ask in batch jobs. Nobody in a run that is in a hurry, or that asks nothing."""
    if plan.settings.hurry or plan.settings.serving == "none":
        return BatchChoice()
    found = {
        each.name: _reason(plan, inputs, preflight, number, each)
        for number, each in enumerate(plan.contestants, 1)
        if each.asks_on_demand
    }
    judged = {
        judge.id: _reason_of_judge(plan, inputs, preflight, number, judge)
        for number, judge in enumerate(plan.judges, len(plan.contestants) + 1)
        if JudgeUsage.of(plan, inputs, judge).requests
    }
    return BatchChoice(
        frozenset(name for name, reason in found.items() if reason is None),
        frozenset(model for model, reason in judged.items() if reason is None),
        (
            *(
                f"hurry: {each.title} is asked by calls, at the full price: {found[each.name]}"
                for each in plan.contestants
                if found.get(each.name)
            ),
            *(_of_judge(each, reason) for each in plan.judges if (reason := judged.get(each.id))),
        ),
    )


def _of_judge(judge: catalog.Judge, reason: str) -> str:
    return f"hurry: the judge {judge.name} is asked by calls, at the full price: {reason}"


def _reason_of_judge(
    plan: Plan, inputs: CostInputs, preflight: Preflight, number: int, judge: catalog.Judge
) -> str | None:
    """Why the judge cannot be asked in a batch job; None if it can."""
    if plan.settings.evaluation.stop_early:
        return "with evaluation.stop_early, its grades decide how long the tuned model is asked."
    if plan.settings.keep_hours:
        return "with keep_hours, the throughput would be paid while the run waits for the job."
    usage = JudgeUsage.in_batch(plan, inputs, judge)
    return _reason_of_size(judge.id, preflight, number, usage.requests, usage.most_input_tokens)


def _reason(plan: Plan, inputs: CostInputs, preflight: Preflight, number: int, contestant: Contestant) -> str | None:
    """Why the contestant cannot be asked in a batch job; None if it can."""
    if len(plan.base_models) > 1:
        return "with candidates of several base models, everybody is asked after the training."
    model = contestant.model or plan.model.base_endpoint
    settings = plan.settings_of(contestant)
    asked = inputs.asked_of(contestant, settings)
    samples = settings.evaluation.samples
    return _reason_of_size(model, preflight, number, asked.count * samples, asked.most_question_tokens * samples)


def _reason_of_size(model: str, preflight: Preflight, number: int, records: int, size: int) -> str | None:
    """Why Bedrock does not accept a job with `records` records of `size` bytes; None if it does."""
    least = preflight.batch_minimums.get(model)
    if least is None:
        return (
            f"Service Quotas names no least number of records for batch jobs of {model} here, so it is not known "
            "whether Bedrock accepts one."
        )
    if records < least:
        return f"a batch job of {model} has at least {least:,} records, and the run has {records:,}."
    if records > _MOST_RECORDS:
        return f"a batch job has at most {_MOST_RECORDS:,} records, and the run has {records:,}."
    if size > _MOST_BYTES:
        return f"the requests are more than {_MOST_BYTES // 10**6} MB."
    if number > MOST_BATCHES:
        return f"a run has at most {MOST_BATCHES} batch jobs."
    return None
