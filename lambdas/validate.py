"""State "Validate the dataset": ends the run before any spend when the dataset has errors."""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, step
from tuner.core.artifact_keys import Keys
from tuner.datasets import refusal


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, int]:
    """Counts the warnings. Raises DatasetError with the first errors, each with its file, line and remedy."""
    folder = env.folder(event.run_id)
    findings = folder.read_json(Keys.FINDINGS)
    if error := refusal(findings, folder.uri(Keys.FINDINGS)):
        raise error
    return {"warnings": findings["warnings"]}
