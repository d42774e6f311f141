"""Writes `training/summary.json`."""

from __future__ import annotations

from tuner import catalog
from tuner.aws.bedrock import Job
from tuner.aws.run_folder import RunFolder
from tuner.run import Keys, Manifest
from tuner.times import iso
from tuner.training import warmup
from tuner.training.metrics import TRAINING_SUFFIX, VALIDATION_SUFFIX, summarize


def write_summary(folder: RunFolder, manifest: Manifest, job: Job) -> None:
    """What became of the job: its model, its times, its losses."""
    names = [name for name in folder.list(Keys.TRAINING_OUTPUT) if name.endswith((TRAINING_SUFFIX, VALIDATION_SUFFIX))]
    records = folder.read_json(Keys.DATASET_SUMMARY)["training_records"]
    metrics = summarize(
        {name: folder.read(name) for name in names}, epochs_asked=int(manifest.hyperparameters["epochCount"])
    )
    folder.write_json(
        Keys.TRAINING_SUMMARY,
        {
            "job_arn": job.arn,
            "job_name": job.name,
            "custom_model_arn": job.custom_model_arn,
            "custom_model_name": job.custom_model_name,
            "status": job.status,
            "started_at": iso(job.created_at),
            "ended_at": iso(job.ended_at) if job.ended_at else None,
            "hyperparameters": dict(job.hyperparameters),
            "hyperparameters_why": warmup.why(catalog.model(manifest.base_model), manifest.hyperparameters, records),
            **metrics.as_document(),
            "metrics_files": [folder.key(name) for name in names],
        },
    )
