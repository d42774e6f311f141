"""Says why a local folder is no dataset, and which new name helps."""

from __future__ import annotations

from collections.abc import Collection

from tuner.core.file_formats import accepted_names
from tuner.core.run import role_of
from tuner.intake.unused_files import can_start, renaming

_SHOWN = 5


def no_training_file(folder: str, names: Collection[str]) -> str:
    """Why a folder is not enough for a run (`can_start`), and what to do. `names` are those of all its files."""
    inner = _datasets(names)
    if inner:
        paths = [f"{folder.rstrip('/')}/{name}" for name in inner[:_SHOWN]]
        more = f", and {len(inner) - _SHOWN} more" if len(inner) > _SHOWN else ""
        which = "one of its datasets" if len(inner) > 1 else "the dataset in it"
        return f"'{folder}' has no training file. Name {which}: {', '.join(paths)}{more}."
    remedy = renaming(names) or f"Add {accepted_names('training')}; or documents, below documents/."
    return f"'{folder}' has no training file. {remedy}"


def _datasets(names: Collection[str]) -> list[str]:
    """The folders inside of one without data files that are datasets themselves."""
    if any(role_of(name) for name in names):
        return []
    inner: dict[str, list[str]] = {}
    for name in names:
        top, slash, rest = name.partition("/")
        if slash:
            inner.setdefault(top, []).append(rest)
    return sorted(top for top, files in inner.items() if can_start(files))
