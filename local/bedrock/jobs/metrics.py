"""Writes the two CSV files with the losses of a job to S3, under the keys that Bedrock uses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from local.bedrock.jobs.storage import S3Uri, Storage
from local.trainer.spec import Progress, TrainingRow, ValidationRow

TRAINING_FILE = "training_artifacts/step_wise_training_metrics.csv"
# On AWS, this file was seen with and without the folder `validation`, so readers match the end of its path.
VALIDATION_FILE = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"


def write_metrics(storage: Storage, output_uri: str, job_id: str, progress: Progress) -> None:
    """Writes both files. Without validation data there is no validation file, as on AWS."""
    root = S3Uri.parse(output_uri).below(f"model-customization-job-{job_id}")
    storage.write(root.below(TRAINING_FILE), _csv(TrainingRow.model_fields, progress.training))
    if progress.validation:
        storage.write(root.below(VALIDATION_FILE), _csv(ValidationRow.model_fields, progress.validation))


def _csv(columns: Iterable[str], rows: Sequence[BaseModel]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    return text.getvalue().encode()
