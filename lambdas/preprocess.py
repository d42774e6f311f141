"""State "Preprocess the dataset": reads the pinned files, checks them, and converts them into the run's folder.

It also chooses the examples and passages that contestants are shown with the questions.

Calls: s3:GetObjectVersion, s3:GetObject, s3:PutObject, s3:AbortMultipartUpload, kms:Decrypt, kms:GenerateDataKey.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.generated import GENERATED_KEYS, GeneratedSummary
from tuner.aws.s3.guard_questions import save_guard_questions
from tuner.aws.s3.objects import ObjectSink, ObjectSource
from tuner.aws.s3.run_folder import RunFolder
from tuner.catalog import model
from tuner.core.artifact_keys import Keys
from tuner.core.run import INCOMING, Role
from tuner.datasets import DataRole, Source, prepare, with_unused_files, with_unused_settings
from tuner.datasets.question_groups import in_random_order
from tuner.evaluation.gate.batches import batches, questions_of_a_batch
from tuner.evaluation.guard.own_questions import with_guard_questions
from tuner.evaluation.statistics.early_stopping import FEWEST_TO_STOP
from tuner.retrieval.contexts import write_contexts
from tuner.serving.inference import shard_size, workers
from tuner.settings import EvaluationSettings

_ROLES: tuple[DataRole, ...] = ("training", "validation", "evaluation")


class Work(StepResult):
    """What one invocation asks: a contestant, and its shards of the questions."""

    model: ContestantName
    shards: tuple[int, ...]


class Preprocessed(StepResult):
    """The records of each file, and the shards of the evaluation questions.

    `before_training` is what is asked before the training, and `served` what needs the endpoint of the tuned model.
    `lanes` has the shards of each invocation, as in release 0.1.0: an execution that started before an upgrade keeps
    its definition, and reads this member.

    `batch` has the first shards that the tuned model answers before the scores are looked at. It is empty for a run
    that does not stop early.
    """

    training_records: int
    validation_records: int
    evaluation_records: int
    shard_size: int
    shards: tuple[int, ...]
    lanes: tuple[tuple[int, ...], ...]
    before_training: tuple[Work, ...]
    served: tuple[Work, ...]
    batch: tuple[int, ...] = ()


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> Preprocessed:
    """Always writes the findings, which the next state evaluates. Writes the converted files if there are no errors."""
    folder = env.folder(event.run_id)
    manifest = folder.manifest()

    def sources_of(role: Role) -> list[Source]:
        return [ObjectSource(manifest.data_bucket, each.key, each.version_id) for each in manifest.inputs_of(role)]

    sources: dict[DataRole, Source] = {role: source for role in _ROLES for source in sources_of(role)}
    # Files of the dataset have priority: only what they do not have was generated. Training data with errors gave none.
    made = manifest.generates and folder.load(GeneratedSummary).pairs > 0
    generated = manifest.generated_roles if made else ()
    sources |= {role: ObjectSource(folder.bucket, folder.key(GENERATED_KEYS[role])) for role in generated}
    converted = prepare(
        sources,
        manifest.settings,
        model(manifest.base_model),
        lambda name: ObjectSink(folder.bucket, folder.key(name)),
        generated,
    )
    roles = {entry.role for entry in manifest.inputs}
    prepared = with_unused_settings(converted, manifest.settings, roles)
    prepared = with_guard_questions(prepared, next(iter(sources_of("guard")), None))
    prepared = with_unused_files(prepared, manifest.unused_files)
    if not prepared.findings.errors:
        below = f"{INCOMING}{manifest.dataset}/documents/"
        documents = {
            entry.key.removeprefix(below): ObjectSource(manifest.data_bucket, entry.key, entry.version_id)
            for entry in manifest.inputs_of("documents")
        }
        prepared = with_unused_files(prepared, write_contexts(folder, manifest, documents))
    summary = prepared.summary
    folder.save(summary)
    folder.save(prepared.findings.artifact())
    save_guard_questions(folder, manifest.settings.evaluation, prepared.guard)
    stops_early = manifest.settings.evaluation.stop_early and not prepared.findings.errors
    configured = env.deployment.shard_size
    if stops_early:
        configured = min(configured, questions_of_a_batch(summary.evaluation_records))
        _shuffle_questions(folder, manifest.settings.evaluation)
    samples = manifest.settings.evaluation.samples
    size = shard_size(summary.evaluation_records, configured, samples)
    found = batches(summary, size, FEWEST_TO_STOP) if stops_early else []
    shards = -(-summary.evaluation_records // size)

    def work(on_endpoint: bool) -> tuple[Work, ...]:
        asked = [each.name for each in manifest.contestants if each.asks_tuned == on_endpoint]
        lanes = workers(shards, size * samples, max(1, len(asked)))
        return tuple(Work(model=name, shards=tuple(lane)) for name in asked for lane in lanes)

    return Preprocessed(
        training_records=summary.training_records,
        validation_records=summary.validation_records,
        evaluation_records=summary.evaluation_records,
        shard_size=size,
        shards=tuple(range(shards)),
        lanes=tuple(map(tuple, workers(shards, size * samples))),
        before_training=work(False),
        served=work(True),
        # With one batch only, there is nothing to look at before all questions are asked.
        batch=found[0] if len(found) > 1 else (),
    )


def _shuffle_questions(folder: RunFolder, settings: EvaluationSettings) -> None:
    """Writes the evaluation questions in random order. Repeating the step gives the same order."""
    questions = list(folder.load_records(Keys.EVALUATION, EvaluationQuestion))
    folder.save_records(Keys.EVALUATION, in_random_order(questions, settings.group_by, settings.seed))
