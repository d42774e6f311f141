"""Plans data from the dataset's documents, and lets a model write its question-answer pairs.

Documents without a training file give training and evaluation data too. State and function keep their names.

Calls: s3:GetObjectVersion, s3:GetObject, s3:ListBucket, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:InvokeModel.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.artifacts.manifest import PinnedInput
from tuner.aws.s3.objects import ObjectSource
from tuner.core.run import INCOMING
from tuner.datasets import DataRole
from tuner.evaluation.guard.own_questions import readable_questions
from tuner.generation import generate_data, plan_generation

# Generated pairs must not repeat the records of these files.
_READ: tuple[DataRole, ...] = ("training", "validation", "evaluation")


class GenerationProgress(StepResult):
    """`done` is false while the step must be invoked again; `pairs` is the number of pairs so far."""

    done: bool
    pairs: int


class GenerationEvent(RunEvent):
    """`plan`: only compute what generating can take."""

    plan: bool = False


@step(GenerationEvent)
def handler(event: GenerationEvent, env: Environment) -> GenerationProgress:
    """Plans the generation, or works on it for some minutes. The state machine invokes it again until it is done."""
    folder = env.open_folder(event.run_id)
    manifest = folder.manifest()

    def source(entry: PinnedInput) -> ObjectSource:
        return ObjectSource(manifest.data_bucket, entry.key, entry.version_id)

    below = f"{INCOMING}{manifest.dataset}/documents/"
    data = {role: source(entry) for role in _READ for entry in manifest.inputs_of(role)}
    documents = {entry.key.removeprefix(below): source(entry) for entry in manifest.inputs_of("documents")}
    if event.plan:
        guard = [own for entry in manifest.inputs_of("guard") for own in readable_questions(source(entry), folder)]
        progress = plan_generation(folder, manifest, data, documents, guard)
    else:
        progress = generate_data(folder, manifest, data, documents)
    return GenerationProgress(done=progress.done, pairs=progress.pairs)
