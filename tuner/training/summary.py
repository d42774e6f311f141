"""Writes `training/summary.json`."""

from __future__ import annotations

from tuner import catalog
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.manifest import Customization
from tuner.artifacts.training import JobRecord, TrainingSummary
from tuner.aws.bedrock.resources import Job
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import candidate_number
from tuner.core.times import iso
from tuner.training import warmup
from tuner.training.metrics_files import TRAINING_SUFFIX, VALIDATION_SUFFIX, read_losses


def write_summary(folder: RunFolder, customization: Customization, job: Job) -> None:
    """Writes the summary of the run's completed job."""
    folder.save(summary_of(folder, customization, job))


def summary_of(folder: RunFolder, customization: Customization, job: Job) -> TrainingSummary:
    """Summarizes a completed job: its model, its times and its losses."""
    record = folder.load_if_present(JobRecord, customization.under)
    adopted_from = record.trained_by if record and record.adopted else None
    # The job writes its metrics files into the folder of the run that started it.
    output = folder.sibling(adopted_from) if adopted_from else folder
    number = candidate_number(job.name)
    written = (Keys.candidate(number) if number else "") + Keys.TRAINING_OUTPUT
    names = [name for name in output.list(written) if name.endswith((TRAINING_SUFFIX, VALIDATION_SUFFIX))]
    losses = read_losses({name: output.read(name) for name in names})
    model, asked = catalog.model(customization.base_model), customization.hyperparameters
    epochs_asked = int(asked["epochCount"])
    records = folder.load(DatasetSummary).training_records
    return TrainingSummary(
        job_arn=job.arn,
        job_name=job.name,
        custom_model_arn=job.custom_model_arn,
        custom_model_name=job.custom_model_name,
        status=job.status,
        adopted_from=adopted_from,
        started_at=iso(job.created_at),
        ended_at=iso(job.ended_at) if job.ended_at else None,
        hyperparameters=dict(job.hyperparameters),
        hyperparameters_why=warmup.reasons(model, asked, records),
        epochs=losses.epochs,
        steps=losses.steps,
        best_epoch=losses.best_epoch,
        epochs_asked=epochs_asked,
        epochs_run=losses.epochs_run,
        stopped_early=losses.stopped_early(epochs_asked),
        metrics_files=tuple(output.key(name) for name in names),
    )
