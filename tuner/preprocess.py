"""Preprocesses the dataset of a run: converts its files into the run's folder, and plans who is asked which questions.

It also chooses the examples and passages that contestants are shown with the questions.
"""

from __future__ import annotations

from tuner import catalog
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.generated import GENERATED_KEYS, GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.guard_questions import save_guard_questions
from tuner.aws.s3.objects import ObjectSink, ObjectSource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.run import INCOMING, Role
from tuner.core.strict_model import FrozenModel
from tuner.datasets import DataRole, Prepared, Source, prepare, with_unused_files, with_unused_settings
from tuner.datasets.question_groups import in_random_order
from tuner.evaluation.gate.batches import batches, questions_of_a_batch
from tuner.evaluation.guard.own_questions import with_guard_questions
from tuner.evaluation.statistics.early_stopping import FEWEST_TO_STOP
from tuner.retrieval.contexts import write_contexts
from tuner.serving.inference import shard_size, workers

_ROLES: tuple[DataRole, ...] = ("training", "validation", "evaluation")


class Work(FrozenModel):
    """What one invocation asks: a contestant, and its shards of the questions."""

    model: ContestantName
    shards: tuple[int, ...]


class QuestionPlan(FrozenModel):
    """The shards of the evaluation questions, and which invocation asks which.

    `before_training` is what is asked before the training, and `served` what needs the endpoint of the tuned model.
    `lanes` has the shards of each invocation, as in release 0.1.0: an execution that started before an upgrade keeps
    its definition, and reads this member.

    `batch` has the first shards that the tuned model answers before the scores are looked at. It is empty for a run
    that does not stop early.
    """

    shard_size: int
    shards: tuple[int, ...]
    lanes: tuple[tuple[int, ...], ...]
    before_training: tuple[Work, ...]
    served: tuple[Work, ...]
    batch: tuple[int, ...]


def preprocess(folder: RunFolder, manifest: Manifest) -> Prepared:
    """Writes the findings and the summary, and the converted files if there are no errors.

    The next state ends the run if there are errors.
    """
    sources, generated = _sources(folder, manifest)
    prepared = prepare(
        sources,
        manifest.settings,
        catalog.model(manifest.base_model),
        lambda name: ObjectSink(folder.bucket, folder.key(name)),
        generated,
    )
    prepared = with_unused_settings(prepared, manifest.settings, {entry.role for entry in manifest.inputs})
    prepared = with_guard_questions(prepared, next(iter(_files(manifest, "guard").values()), None))
    prepared = with_unused_files(prepared, manifest.unused_files)
    if not prepared.findings.errors:
        prepared = with_unused_files(prepared, write_contexts(folder, manifest, _documents(manifest)))
    folder.save(prepared.summary)
    folder.save(prepared.findings.artifact())
    save_guard_questions(folder, manifest.settings.evaluation, prepared.guard)
    return prepared


def _sources(folder: RunFolder, manifest: Manifest) -> tuple[dict[DataRole, Source], tuple[DataRole, ...]]:
    """The data files of the run, and the roles of those that were generated.

    Files of the dataset have priority: only what they do not have was generated. Training data with errors gave none.
    """
    files: dict[DataRole, Source] = {role: file for role in _ROLES for file in _files(manifest, role).values()}
    made = manifest.generates and folder.load(GeneratedSummary).pairs > 0
    generated = manifest.generated_roles if made else ()
    return files | {
        role: ObjectSource(folder.bucket, folder.key(GENERATED_KEYS[role])) for role in generated
    }, generated


def _files(manifest: Manifest, role: Role) -> dict[str, ObjectSource]:
    """The pinned files with a role, by their keys."""
    return {
        each.key: ObjectSource(manifest.data_bucket, each.key, each.version_id) for each in manifest.inputs_of(role)
    }


def _documents(manifest: Manifest) -> dict[str, ObjectSource]:
    """The documents, by their paths below `documents/`."""
    below = f"{INCOMING}{manifest.dataset}/documents/"
    return {key.removeprefix(below): file for key, file in _files(manifest, "documents").items()}


def plan_questions(folder: RunFolder, manifest: Manifest, prepared: Prepared, configured: int) -> QuestionPlan:
    """Divides the questions into shards of the `configured` size, or of another size where the run needs one.

    Writes the questions in random order if the run may stop early. Repeating the step gives the same order.
    """
    settings, questions = manifest.settings.evaluation, prepared.summary.evaluation_records
    stops_early = settings.stop_early and not prepared.findings.errors
    if stops_early:
        configured = min(configured, questions_of_a_batch(questions))
        in_file = list(folder.load_records(Keys.EVALUATION, EvaluationQuestion))
        folder.save_records(Keys.EVALUATION, in_random_order(in_file, settings.group_by, settings.seed))
    size = shard_size(questions, configured, settings.samples)
    found = batches(prepared.summary, size, FEWEST_TO_STOP) if stops_early else []
    shards = -(-questions // size)

    def work(on_endpoint: bool) -> tuple[Work, ...]:
        asked = [each.name for each in manifest.contestants if each.asks_tuned == on_endpoint]
        lanes = workers(shards, size * settings.samples, max(1, len(asked)))
        return tuple(Work(model=name, shards=tuple(lane)) for name in asked for lane in lanes)

    return QuestionPlan(
        shard_size=size,
        shards=tuple(range(shards)),
        lanes=tuple(map(tuple, workers(shards, size * settings.samples))),
        before_training=work(False),
        served=work(True),
        # With one batch only, there is nothing to look at before all questions are asked.
        batch=found[0] if len(found) > 1 else (),
    )
