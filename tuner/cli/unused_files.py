"""Says why a local folder is no dataset, and which new name helps."""

from __future__ import annotations

from collections.abc import Collection

from tuner.core.file_formats import accepted_names
from tuner.intake.unused_files import renaming


def no_training_file(folder: str, names: Collection[str]) -> str:
    """Why a folder is not enough for a run (`can_start`), and what to do. `names` are those of all its files."""
    remedy = renaming(names) or f"Add {accepted_names('training')}; or documents, below documents/."
    return f"'{folder}' has no training file. {remedy}"
