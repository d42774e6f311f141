"""Writes `estimate.json`."""

from __future__ import annotations

from tuner.artifacts.estimate import Estimate, Limits
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.costs.cost_inputs import Plan, counted, generated
from tuner.costs.current_prices import Api, Cache, asked_prices
from tuner.costs.estimate import estimate
from tuner.costs.prices import price_list
from tuner.costs.usage_types import wanted
from tuner.costs.warnings import warnings
from tuner.preflight import Preflight
from tuner.settings import DeploymentSettings, RunSettings


def write_estimate(
    folder: RunFolder,
    manifest: Manifest,
    deployment: DeploymentSettings,
    api: Api,
    cache: Cache,
) -> Estimate:
    """The run's estimate, held against what it may cost, with the prices that AWS's price list has today."""
    plan = Plan.of(manifest)
    summary = folder.read_json(Keys.DATASET_SUMMARY)
    questions = folder.read_lines(Keys.EVALUATION)
    found = counted(summary, questions, plan, generated(folder.find_json(Keys.GENERATED_SUMMARY)))
    account = Preflight.model_validate(folder.find_json(Keys.PREFLIGHT) or {})
    warned = tuple(warnings(plan, found, summary["training_records"], account, deployment.shard_size))
    asked, problems = asked_prices(api, cache, wanted(plan.model, plan.judge, deployment.region))
    prices = price_list(deployment.prices, asked)
    made = estimate(plan, found, limits(manifest.settings, deployment), prices, (*warned, *problems))
    folder.write_json(Keys.ESTIMATE, made.model_dump(mode="json"))
    return made


def limits(settings: RunSettings, deployment: DeploymentSettings) -> Limits:
    """The lower of the run's own budget and the deployment's, and when a person is asked."""
    return Limits(
        budget_usd=min(settings.budget_usd or deployment.budget_usd, deployment.budget_usd),
        approval_usd=deployment.approval_usd,
        ask_when_unknown=deployment.unknown_prices == "ask",
    )
