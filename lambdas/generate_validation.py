"""State "Generate validation data": lets a model write question-answer pairs from the dataset's documents.

Documents without a training file give training and evaluation data too. State and function keep their names.

Calls: s3:GetObjectVersion, s3:GetObject, s3:ListBucket, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:InvokeModel.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.artifacts.manifest import PinnedInput
from tuner.aws.s3.objects import ObjectSource
from tuner.core.run import INCOMING
from tuner.costs.prices.price_list import price_list
from tuner.datasets import DataRole
from tuner.generation import generate_data

# Generated pairs must not repeat the records of these files.
_READ: tuple[DataRole, ...] = ("training", "validation", "evaluation")


class GenerationProgress(StepResult):
    """`done` is false while the step must be invoked again; `pairs` is the number of pairs so far."""

    done: bool
    pairs: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> GenerationProgress:
    """Works for some minutes. The state machine invokes it again until it is done."""
    folder = env.folder(event.run_id)
    manifest = folder.manifest()

    def source(entry: PinnedInput) -> ObjectSource:
        return ObjectSource(manifest.data_bucket, entry.key, entry.version_id)

    below = f"{INCOMING}{manifest.dataset}/documents/"
    progress = generate_data(
        folder,
        manifest,
        {role: source(entry) for role in _READ for entry in manifest.inputs_of(role)},
        {entry.key.removeprefix(below): source(entry) for entry in manifest.inputs_of("documents")},
        # A run can lower the deployment's budget and not raise it.
        min(manifest.settings.budget_usd or env.deployment.budget_usd, env.deployment.budget_usd),
        price_list(env.deployment.prices),
    )
    return GenerationProgress(done=progress.done, pairs=progress.pairs)
