"""The records of a run's batch jobs."""

from __future__ import annotations

from tuner.artifacts.batch import BatchJob
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys


def batch_jobs(folder: RunFolder) -> dict[str, BatchJob]:
    """The records of the run's batch jobs, by the part of the folder that has them."""
    names = [name for name in folder.list(Keys.BATCH) if name.endswith(f"/{BatchJob.NAME}")]
    parts = [name.removesuffix(BatchJob.NAME) for name in names]
    return {under: folder.load(BatchJob, under) for under in parts}
