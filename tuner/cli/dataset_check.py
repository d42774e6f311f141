"""Checks a dataset's files with the code of the run's own step, before anything is uploaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, get_args

from tuner.catalog import Model
from tuner.core.run import role_of
from tuner.datasets import DataRole, NoSink, Prepared, Sink, Source, prepare, with_unused_files
from tuner.intake.unused_files import unused_files
from tuner.settings import RunSettings

if TYPE_CHECKING:
    from tuner.generation.documents import DocumentChunks


def data_files(files: Mapping[str, Source]) -> dict[DataRole, Source]:
    """The data files of a dataset by their roles. `files` are by their names in its folder."""
    by_role = {role_of(name): file for name, file in files.items()}
    return {role: by_role[role] for role in get_args(DataRole) if role in by_role}


def to_generate(files: Mapping[str, Source], settings: RunSettings) -> int:
    """How many validation records the run generates from documents; 0 when it has validation data or no documents."""
    roles = {role_of(name) for name in files}
    return settings.generate.count if "documents" in roles and "validation" not in roles else 0


def usable_documents(files: Mapping[str, Source]) -> DocumentChunks:
    """The documents that the run generates from. Raises DatasetError when none of them can be used."""
    from tuner.generation import read_documents, refuse_if_unusable  # loads native code: only when it is needed

    library = read_documents({name: source for name, source in files.items() if role_of(name) == "documents"})
    refuse_if_unusable(library)
    return library


def check_dataset(
    files: Mapping[str, Source],
    settings: RunSettings,
    model: Model,
    sink: Callable[[str], Sink] = lambda _: NoSink(),
    settings_name: str = "run.yaml",
    unused: Collection[str] = (),
) -> Prepared:
    """Runs the preprocessing step on the files of a dataset, which have at least training data.

    `files` are by their names in the folder, and may have files that are not part of the dataset; `unused` are names of
    further ones. A warning says which of them look like a part of it.
    """
    generated = to_generate(files, settings)
    if generated:
        usable_documents(files)
    prepared = prepare(data_files(files), settings, model, sink, to_generate=generated, settings_name=settings_name)
    return with_unused_files(prepared, unused_files([*files, *unused]))
