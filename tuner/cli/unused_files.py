"""Says why a local folder is no dataset, and which command or new name helps."""

from __future__ import annotations

from collections.abc import Iterable

from tuner.cli.terminal.hints import quoted
from tuner.core.file_formats import accepted_names
from tuner.core.run import role_of
from tuner.intake.unused_files import renaming


def no_training_file(folder: str, names: Iterable[str]) -> str:
    """Why a folder without training data is no dataset, and what to do. `names` are those of all its files."""
    names = sorted(names)
    if renamed := renaming(names):
        return f"'{folder}' has no training file. {renamed}"
    if not any(role_of(name) == "documents" for name in names):
        return f"'{folder}' has no training file. Add {accepted_names('training')}."
    place = folder.rstrip("/")
    command = f"tuner data generate {quoted(f'{place}/documents')} --output {quoted(f'{place}/training.jsonl')}"
    return f"'{folder}' has documents and no training file. To have a model write one: {command} --count 200"
