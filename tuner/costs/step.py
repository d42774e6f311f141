"""Writes `estimate.json`."""

from __future__ import annotations

from tuner import catalog
from tuner.aws.run_folder import RunFolder
from tuner.costs.estimate import Estimate, count_questions, estimate
from tuner.run import Keys, Manifest


def write_estimate(folder: RunFolder, manifest: Manifest, ceiling_usd: float) -> Estimate:
    """The run's estimate against the lower of its own budget and the deployment's."""
    family = catalog.family_of(manifest.base_model)
    questions = count_questions(
        folder.read_lines(Keys.EVALUATION), manifest.settings.system_prompt, family.characters_per_token
    )
    made = estimate(
        manifest,
        training_tokens=folder.read_json(Keys.DATASET_SUMMARY)["training_tokens"],
        questions=questions,
        budget_usd=min(manifest.settings.budget_usd or ceiling_usd, ceiling_usd),
    )
    folder.write_json(Keys.ESTIMATE, made.model_dump(mode="json"))
    return made
