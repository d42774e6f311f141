"""Plans the generation of a run's data: what it and the rest of the run can take, before any request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from tuner import catalog
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.generation_plan import GenerationPlan, PlannedQuestions
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.generated import CostBound, GeneratedSummary
from tuner.artifacts.guard import GuardRecord
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.guard_questions import guard_records
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError
from tuner.costs.allotments import check_approved
from tuner.costs.cost_inputs import Plan, cost_inputs
from tuner.costs.meter import FolderReservationStore, Meter, Tokens
from tuner.datasets import KeptLines, NoSink, Prepared, prepare
from tuner.datasets.io import Source
from tuner.datasets.readiness import refusal
from tuner.datasets.records.file_rules import record_counts
from tuner.datasets.records.record import DataRole
from tuner.generation.cost_bound import cost_bound, planned_inputs, refuse_if_unusable
from tuner.generation.document_split import GenerationSet, planned_sets
from tuner.generation.documents import read_documents

_LEFT_OUT = "The training data has errors: no request was sent, and nothing was spent."


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` is False while the step must be called again; `pairs` is the number of pairs so far."""

    done: bool
    pairs: int


def plan_generation(
    folder: RunFolder,
    manifest: Manifest,
    data: Mapping[DataRole, Source],
    documents: Mapping[str, Source],
    guard: Iterable[GuardRecord] = (),
) -> Progress:
    """Writes `Keys.GENERATION_PLAN`. It is done if nothing is to be generated. `guard`: the dataset's guard questions.

    It is also done if the training data has errors, because the run then ends anyway. Raises DatasetError when no
    document can be used, the base model does not accept the count, or files beside documents alone have errors: nothing
    else would name them.
    """
    model, roles, alone = catalog.model(manifest.base_model), manifest.generated_roles, "training" not in data
    library = read_documents(documents, small=alone)
    if alone:
        refuse_if_unusable(library)
        sets = planned_sets(library.chunks, roles, manifest.settings.generate, model)
        counts = {entry.role: entry.count for entry in sets}
    else:
        counts = dict.fromkeys(roles, manifest.settings.generate.count)
    evaluation = KeptLines()
    prepared = prepare(
        data,
        manifest.settings,
        model,
        lambda key: evaluation if key == Keys.EVALUATION else NoSink(),
        to_generate=counts,
    )
    if alone and (error := refusal(prepared.findings.artifact(), folder.uri())):
        raise error
    if not alone:
        _check_count(manifest, prepared.summary.training_records)
    if prepared.findings.errors:
        folder.save(GeneratedSummary(complete=True, pairs=0, left_out=_LEFT_OUT))
        return Progress(True, 0)
    if not alone:
        refuse_if_unusable(library)
        sets = planned_sets(library.chunks, roles, manifest.settings.generate, model)
    asked = [EvaluationQuestion.model_validate_json(line) for line in evaluation.lines()]
    own = guard_records(manifest.settings.evaluation, guard)
    folder.save(_planned(Plan.of(manifest), prepared, asked, sets, own))
    return Progress(False, 0)


def _planned(
    plan: Plan,
    prepared: Prepared,
    asked: Sequence[EvaluationQuestion],
    sets: Sequence[GenerationSet],
    guard: Sequence[GuardRecord],
) -> GenerationPlan:
    """The plan for a dataset that was prepared without the data that is to be generated. `asked`: its own questions."""
    bound = cost_bound(sets, plan.settings.generate.model or plan.judge_model)
    inputs = planned_inputs(sets, plan, cost_inputs(prepared.summary, asked, plan, guard=guard), bound)
    training = next((entry.count for entry in sets if entry.role == "training"), prepared.summary.training_records)
    questions, generation = inputs.questions, inputs.generation
    return GenerationPlan(
        bound=bound,
        expected_input_tokens=generation.input_tokens if generation else 0,
        expected_output_tokens=generation.output_tokens if generation else 0,
        questions=PlannedQuestions(**asdict(questions)),
        guard=PlannedQuestions(**asdict(inputs.guard)),
        training_records=training,
        training_tokens=inputs.training_tokens,
        most_training_tokens=inputs.most_training_tokens,
        dataset_bytes=inputs.training_bytes,
        task="answer" if plan.settings.task == "auto" else plan.settings.task,
    )


def generation_meter(folder: RunFolder, bound: CostBound) -> Meter:
    """The meter of the generation. Raises SpendingLimitError if its bound is not what was approved."""
    items = (CostItemId.GENERATION_INPUT, CostItemId.GENERATION_OUTPUT)
    check_approved(folder, folder.load(Estimate), items, bound.input_tokens, bound.output_tokens)
    return Meter(FolderReservationStore(folder, "generation"), Tokens(bound.input_tokens, bound.output_tokens))


def _check_count(manifest: Manifest, training_records: int) -> None:
    """Raises DatasetError before anything is spent on more or fewer pairs than the base model accepts."""
    model = catalog.model(manifest.base_model)
    training: dict[DataRole, int] = {"training": training_records}
    if any(record_counts(model, training)):
        return  # the training data itself is refused, by validation
    issues = list(record_counts(model, {**training, "validation": manifest.settings.generate.count}))
    if issues:
        lines = "\n".join(f"generate.count in run.yaml: {issue.message}" for issue in issues)
        raise DatasetError(f"{lines} Set it to a number that the model accepts. Nothing has been spent on generating.")
