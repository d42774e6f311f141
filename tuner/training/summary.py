"""Writes `training/summary.json`."""

from __future__ import annotations

from tuner import catalog
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.resources import Job
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso
from tuner.training import warmup
from tuner.training.job_record import read
from tuner.training.metrics_files import TRAINING_SUFFIX, VALIDATION_SUFFIX, summarize


def write_summary(folder: RunFolder, manifest: Manifest, job: Job) -> None:
    """What became of the job: its model, its times, its losses. An adopted job wrote them into its own run's folder."""
    record = read(folder)
    adopted_from = record.trained_by if record and record.adopted else None
    output = folder.beside(adopted_from) if adopted_from else folder
    names = [name for name in output.list(Keys.TRAINING_OUTPUT) if name.endswith((TRAINING_SUFFIX, VALIDATION_SUFFIX))]
    records = folder.read_json(Keys.DATASET_SUMMARY)["training_records"]
    metrics = summarize(
        {name: output.read(name) for name in names}, epochs_asked=int(manifest.hyperparameters["epochCount"])
    )
    folder.write_json(
        Keys.TRAINING_SUMMARY,
        {
            "job_arn": job.arn,
            "job_name": job.name,
            "custom_model_arn": job.custom_model_arn,
            "custom_model_name": job.custom_model_name,
            "status": job.status,
            "adopted_from": adopted_from,
            "started_at": iso(job.created_at),
            "ended_at": iso(job.ended_at) if job.ended_at else None,
            "hyperparameters": dict(job.hyperparameters),
            "hyperparameters_why": warmup.why(catalog.model(manifest.base_model), manifest.hyperparameters, records),
            **metrics.as_document(),
            "metrics_files": [output.key(name) for name in names],
        },
    )
