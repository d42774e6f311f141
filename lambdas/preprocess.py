"""State "Preprocess the dataset": reads the pinned files, checks them, and converts them into the run's folder.

Calls: s3:GetObjectVersion, s3:GetObject, s3:PutObject, s3:AbortMultipartUpload, kms:Decrypt, kms:GenerateDataKey.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.preprocess import QuestionPlan, plan_questions, preprocess


class Preprocessed(QuestionPlan, StepResult):
    """The records of each file, and the plan of the evaluation questions."""

    training_records: int
    validation_records: int
    evaluation_records: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> Preprocessed:
    """Always writes the findings, which the next state evaluates. Writes the converted files if there are no errors."""
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    prepared = preprocess(folder, manifest)
    plan = plan_questions(folder, manifest, prepared, env.deployment.shard_size)
    return Preprocessed(
        training_records=prepared.summary.training_records,
        validation_records=prepared.summary.validation_records,
        evaluation_records=prepared.summary.evaluation_records,
        **dict(plan),
    )
