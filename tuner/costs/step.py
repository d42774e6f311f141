"""Writes `estimate.json`."""

from __future__ import annotations

from tuner import catalog
from tuner.aws.run_folder import RunFolder
from tuner.costs.estimate import count_questions, estimate
from tuner.costs.model import Estimate, Limits
from tuner.run import Keys, Manifest
from tuner.settings import DeploymentSettings, RunSettings


def write_estimate(folder: RunFolder, manifest: Manifest, deployment: DeploymentSettings) -> Estimate:
    """The run's estimate, held against what it may cost."""
    family = catalog.family_of(manifest.base_model)
    questions = count_questions(
        folder.read_lines(Keys.EVALUATION), manifest.settings.system_prompt, family.characters_per_token
    )
    made = estimate(
        manifest,
        training_tokens=folder.read_json(Keys.DATASET_SUMMARY)["training_tokens"],
        questions=questions,
        limits=limits(manifest.settings, deployment),
    )
    folder.write_json(Keys.ESTIMATE, made.model_dump(mode="json"))
    return made


def limits(settings: RunSettings, deployment: DeploymentSettings) -> Limits:
    """The lower of the run's own budget and the deployment's, and when a person is asked."""
    return Limits(
        budget_usd=min(settings.budget_usd or deployment.budget_usd, deployment.budget_usd),
        approval_usd=deployment.approval_usd,
        ask_when_unknown=deployment.unknown_prices == "ask",
    )
