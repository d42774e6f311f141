"""Checks a dataset's files with the code of the run's own step, before anything is uploaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from tuner.catalog import Model
from tuner.cli.terminal.hints import quoted
from tuner.core.file_formats import accepted_names
from tuner.core.run import role_of
from tuner.datasets import DataRole, NoSink, Prepared, Sink, Source, prepare
from tuner.datasets.findings import Issue
from tuner.datasets.readiness import readiness
from tuner.settings import RunSettings

if TYPE_CHECKING:
    from tuner.generation.documents import DocumentChunks

_NOT_RUN = Issue(
    "python-file",
    "a Python file in a dataset's folder is not run, neither here nor in the account.",
    "To score answers with code of your own, deploy it as a Lambda function, and name it as scorer.name in run.yaml.",
    None,
    "warning",
)


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
) -> Prepared:
    """Runs the preprocessing step on the files of a dataset, which have at least training data."""
    generated = to_generate(files, settings)
    if generated:
        usable_documents(files)
    prepared = prepare(data_files(files), settings, model, sink, to_generate=generated, settings_name=settings_name)
    for name in python_files(files):
        prepared.findings.add(name, None, _NOT_RUN)
    return replace(prepared, summary=prepared.summary.model_copy(update={"verdict": readiness(prepared.findings)}))


def no_training_file(folder: str, names: Iterable[str]) -> str:
    """Why a folder without training data is no dataset, and what to do. `names` are those of its files."""
    if not any(role_of(name) == "documents" for name in names):
        return f"'{folder}' has no training file. Add {accepted_names('training')}."
    place = folder.rstrip("/")
    command = f"tuner data generate {quoted(f'{place}/documents')} --output {quoted(f'{place}/training.jsonl')}"
    return f"'{folder}' has documents and no training file. To have a model write one: {command} --count 200"


def python_files(names: Iterable[str]) -> list[str]:
    """The Python files of a dataset's folder. Somebody may expect that they score answers."""
    return [name for name in names if name.endswith(".py") and role_of(name) is None]
