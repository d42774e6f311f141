"""Pins what the run works on: the versions of its inputs, its settings with their defaults, its base model.

Calls: s3:GetObjectVersion, s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:GetFoundationModel.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from lambdas.step import Environment, StepResult, step
from tuner.artifacts.manifest import PinnedInput
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.s3.dataset_bucket import DatasetBucket
from tuner.core.errors import DatasetError
from tuner.core.run import shown_folder
from tuner.core.strict_model import StrictModel
from tuner.intake.arrival import too_many_files
from tuner.intake.manifest import write_manifest
from tuner.intake.pinned_inputs import refuse_foreign_inputs
from tuner.intake.same_name_run import refuse_earlier_run
from tuner.settings import Commitment, Serving


class PinEvent(StrictModel):
    """The execution's input, and the execution's ARN and start time. `files` is their number if they are too many."""

    run_id: str = Field(pattern=r"^[a-z0-9-]{1,63}$")
    dataset: str
    inputs: tuple[PinnedInput, ...]
    files: int = 0
    execution_arn: str
    started_at: str


class PinnedRun(StepResult):
    """What the state machine branches on."""

    run_id: str
    serving: Serving
    generate: bool
    keep_hours: float
    commitment: Commitment | None
    base_models: int


@step(PinEvent)
def handler(event: PinEvent, env: Environment) -> PinnedRun:
    """Refuses an input that the start function would not make, and writes run.json.

    Raises DatasetError when the dataset has more files than the input of an execution can have, and RunRefusedError
    when the folder is that of an earlier execution of this name.
    """
    if event.files:
        raise DatasetError(too_many_files(shown_folder(event.dataset), event.files))
    bucket = DatasetBucket(env.data_bucket)
    refuse_foreign_inputs(bucket, event.dataset, event.run_id, event.execution_arn, event.inputs)
    folder = env.folder(event.run_id)
    refuse_earlier_run(folder, datetime.fromisoformat(event.started_at))
    manifest = write_manifest(
        folder,
        bucket,
        Bedrock(),
        env.deployment,
        dataset=event.dataset,
        pinned=event.inputs,
        execution_arn=event.execution_arn,
        started_at=event.started_at,
    )
    return PinnedRun(
        run_id=manifest.run_id,
        serving=manifest.settings.serving,
        generate=manifest.generates,
        keep_hours=manifest.settings.keep_hours,
        commitment=manifest.settings.commitment,
        base_models=len(manifest.base_models),
    )
