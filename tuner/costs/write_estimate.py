"""Writes `estimate.json` in the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.preflight import Preflight
from tuner.aws.s3.guard_questions import guard_questions
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.costs.allotments import asked_tokens
from tuner.costs.batch_choice import batch_choice
from tuner.costs.cost_inputs import CostInputs, Plan, cost_inputs, generation_tokens, inputs_of_plan
from tuner.costs.estimate import estimate
from tuner.costs.meter import most_used
from tuner.costs.prices.current_prices import Api, Cache, current_prices
from tuner.costs.prices.price_list import price_list
from tuner.costs.prices.usage_types import needed_prices
from tuner.costs.warnings import warnings
from tuner.settings import DeploymentSettings, RunSettings


@dataclass(frozen=True, slots=True)
class Sizes:
    """What an estimate is made of."""

    inputs: CostInputs
    training_records: int
    warnings: tuple[str, ...] = ()


def counted_sizes(folder: RunFolder, manifest: Manifest) -> Sizes:
    """The sizes of the converted dataset, and what generating a part of it took."""
    summary, questions = folder.load(DatasetSummary), folder.load_records(Keys.EVALUATION, EvaluationQuestion)
    generated, plan = folder.load_if_present(GeneratedSummary), Plan.of(manifest)
    generation = generation_tokens(generated, most_used(folder, "generation"))
    compared = {each.name: asked_tokens(folder, plan, each) for each in plan.others}
    inputs = replace(cost_inputs(summary, questions, plan, generation, guard_questions(folder)), compared=compared)
    said = (generated.sentence,) if generated and generated.sentence else ()
    return Sizes(inputs, summary.training_records, said)


def planned_sizes(folder: RunFolder, manifest: Manifest) -> Sizes:
    """The largest possible sizes, before any data is generated."""
    planned = folder.load(GenerationPlan)
    return Sizes(inputs_of_plan(planned, manifest.generator_model), planned.training_records)


def write_estimate(
    folder: RunFolder,
    manifest: Manifest,
    deployment: DeploymentSettings,
    api: Api,
    cache: Cache,
    planned: bool = False,
) -> Estimate:
    """Estimates the run's cost with today's prices, and writes the estimate to the run's folder.

    `planned`: before data is generated, from the plan.
    """
    plan, sizes = Plan.of(manifest), planned_sizes(folder, manifest) if planned else counted_sizes(folder, manifest)
    inputs = replace(sizes.inputs, shard_size=deployment.shard_size)
    preflight = folder.load_if_present(Preflight) or Preflight()
    chosen = batch_choice(plan, inputs, preflight)
    needed = needed_prices(plan.base_models, plan.other_models, deployment.region, batch=chosen.any)
    current, problems = current_prices(api, cache, needed)
    prices = price_list(deployment.prices, current)
    chosen = chosen.of_cheaper_judges(plan, prices)
    inputs = replace(inputs, batched=chosen.batched, batched_judges=chosen.judges)
    warned = (*sizes.warnings, *warnings(plan, inputs, sizes.training_records, preflight, deployment.shard_size))
    warned = (*warned, *chosen.reasons)
    made = estimate(plan, inputs, spending_limits(manifest.settings, deployment), prices, (*warned, *problems))
    folder.save(made)
    return made


def spending_limits(settings: RunSettings, deployment: DeploymentSettings) -> SpendingLimits:
    """The limits of the run's cost. The lower one of the run's and the deployment's budget applies."""
    return SpendingLimits(
        budget_usd=min(settings.budget_usd or deployment.budget_usd, deployment.budget_usd),
        approval_usd=deployment.approval_usd,
        ask_when_unknown=deployment.unknown_prices == "ask",
        longest_throughput_hours=deployment.longest_throughput_hours,
    )
