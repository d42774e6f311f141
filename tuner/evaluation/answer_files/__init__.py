"""Files of questions and answers from anywhere, for an evaluation without a run."""

from tuner.evaluation.answer_files.files import (
    FileRecord,
    read_records,
    read_references,
    read_rows,
    read_sheet,
    read_training_answers,
    with_shared_ids,
)
from tuner.evaluation.answer_files.unused_settings import unused_in_files

__all__ = [
    "FileRecord",
    "read_records",
    "read_references",
    "read_rows",
    "read_sheet",
    "read_training_answers",
    "unused_in_files",
    "with_shared_ids",
]
