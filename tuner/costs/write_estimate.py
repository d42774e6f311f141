"""Writes `estimate.json` in the pipeline."""

from __future__ import annotations

from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.preflight import Preflight
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.costs.cost_inputs import Plan, cost_inputs, generation_tokens
from tuner.costs.estimate import estimate
from tuner.costs.prices.current_prices import Api, Cache, current_prices
from tuner.costs.prices.price_list import price_list
from tuner.costs.prices.usage_types import needed_prices
from tuner.costs.warnings import warnings
from tuner.settings import DeploymentSettings, RunSettings


def write_estimate(
    folder: RunFolder,
    manifest: Manifest,
    deployment: DeploymentSettings,
    api: Api,
    cache: Cache,
) -> Estimate:
    """Estimates the run's cost with today's prices, and writes the estimate to the run's folder."""
    plan = Plan.of(manifest)
    summary = folder.load(DatasetSummary)
    questions = folder.load_records(Keys.EVALUATION, EvaluationQuestion)
    generated = folder.load_if_present(GeneratedSummary)
    inputs = cost_inputs(summary, questions, plan, generation_tokens(generated))
    account = folder.load_if_present(Preflight) or Preflight()
    warned = tuple(warnings(plan, inputs, summary.training_records, account, deployment.shard_size))
    if generated and generated.sentence:
        warned = (generated.sentence, *warned)
    current, problems = current_prices(api, cache, needed_prices(plan.model, plan.judge, deployment.region))
    prices = price_list(deployment.prices, current)
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
