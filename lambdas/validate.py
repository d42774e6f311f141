"""State "Validate the dataset": ends the run before it costs anything when the dataset has errors.

Calls: s3:GetObject, kms:Decrypt.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.artifacts.dataset import DatasetFindings
from tuner.datasets import refusal


class Validated(StepResult):
    """The number of warnings."""

    warnings: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> Validated:
    """Raises DatasetError with the first errors, their places and remedies."""
    folder = env.folder(event.run_id)
    findings = folder.load(DatasetFindings)
    if error := refusal(findings, folder.uri(DatasetFindings.NAME)):
        raise error
    return Validated(warnings=findings.warnings)
