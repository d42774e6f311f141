"""State "Validate the dataset": ends the run before it costs anything when the dataset has errors.

Calls: s3:GetObject, kms:Decrypt.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, step
from tuner.core.artifact_keys import Keys
from tuner.datasets import refusal


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, int]:
    """Returns the number of warnings. Raises DatasetError with the first errors, their places and remedies."""
    folder = env.folder(event.run_id)
    findings = folder.read_json(Keys.FINDINGS)
    if error := refusal(findings, folder.uri(Keys.FINDINGS)):
        raise error
    return {"warnings": findings["warnings"]}
