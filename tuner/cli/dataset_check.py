"""Checks a dataset's files with the code of the run's own step, before anything is uploaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from tuner.artifacts.dataset import FEWEST_GROUPS
from tuner.catalog import Model
from tuner.core.run import generated_roles, role_of
from tuner.core.strict_model import JsonObject
from tuner.core.wording import plural
from tuner.datasets import DataRole, NoSink, Prepared, Sink, Source, prepare, with_unused_files, with_unused_settings
from tuner.datasets.findings import Findings, Issue
from tuner.datasets.records.schemas.compound_names import GUESSED_FIELD
from tuner.datasets.unused_settings import UNUSED_SETTING
from tuner.evaluation.guard.own_questions import with_guard_questions
from tuner.intake.unused_files import unused_files
from tuner.settings import RunSettings

if TYPE_CHECKING:
    from tuner.generation.document_split import GenerationSet


def data_files(files: Mapping[str, Source]) -> dict[DataRole, Source]:
    """The data files of a dataset by their roles. `files` are by their names in its folder."""
    by_role = {role_of(name): file for name, file in files.items()}
    return {role: by_role[role] for role in get_args(DataRole) if role in by_role}


@dataclass(frozen=True, slots=True)
class PlannedGeneration:
    """What a run generates from the documents of a dataset: nothing without documents, or with files in their place.

    `unusable` maps the name of each document that cannot be used to a sentence that says why. `alone`: there is no
    training file.
    """

    sets: tuple[GenerationSet, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False

    @property
    def counts(self) -> dict[DataRole, int]:
        """The pairs to ask for, by role."""
        return {entry.role: entry.count for entry in self.sets}

    @property
    def sentence(self) -> str:
        """What is asked for, from how many parts; empty when nothing is generated."""
        if not self.sets:
            return ""
        wanted = ", ".join(
            f"{entry.count:,} {entry.role} questions from {plural(len(entry.chunks), 'part')}"
            for entry in reversed(self.sets)
        )
        disjoint = " No set has a part that another set has." if self.alone else ""
        return f"The run asks a model for question-answer pairs about the documents: {wanted}.{disjoint}"

    def issues(self) -> Iterator[Issue]:
        """A warning when the evaluation questions are about too few parts to show a difference between two models."""
        parts = next((len(entry.chunks) for entry in self.sets if entry.role == "evaluation"), FEWEST_GROUPS)
        if parts < FEWEST_GROUPS:
            yield Issue(
                "few-parts",
                f"the evaluation questions are about {plural(parts, 'part')} of the documents. Questions about one "
                f"part are related, so fewer than {FEWEST_GROUPS} parts cannot show a difference between the models.",
                "Add documents, or raise generate.evaluation_share in run.yaml.",
                severity="warning",
            )

    def as_json(self) -> list[JsonObject]:
        """The sets in the output of `--json`."""
        return [
            {"role": entry.role, "parts": len(entry.chunks), "questions": entry.count} for entry in reversed(self.sets)
        ]


def planned_generation(files: Mapping[str, Source], settings: RunSettings, model: Model) -> PlannedGeneration:
    """What the run generates. Raises DatasetError when no document can be used, or they are too short for the model."""
    roles = generated_roles({role_of(name) for name in files}, settings.generate.count, settings.serving != "none")
    if not roles:
        return PlannedGeneration()
    # Loads native code: only when it is needed.
    from tuner.generation import planned_sets, read_documents, refuse_if_unusable

    alone = "training" in roles
    library = read_documents(
        {name: source for name, source in files.items() if role_of(name) == "documents"}, small=alone
    )
    refuse_if_unusable(library)
    return PlannedGeneration(planned_sets(library.chunks, roles, settings.generate, model), library.unusable, alone)


def check_dataset(
    files: Mapping[str, Source],
    settings: RunSettings,
    model: Model,
    generation: PlannedGeneration,
    sink: Callable[[str], Sink] = lambda _: NoSink(),
    settings_name: str = "run.yaml",
    unused: Collection[str] = (),
) -> Prepared:
    """Runs the preprocessing step on the files of a dataset, which have training data or documents to generate it from.

    `files` are by their names in the folder, and may have files that are not part of the dataset; `unused` are names of
    further ones. A warning says which of them look like a part of it, and which documents cannot be used.
    """
    counts = generation.counts
    prepared = prepare(data_files(files), settings, model, sink, to_generate=counts, settings_name=settings_name)
    for name, sentence in generation.unusable.items():
        message = sentence.removeprefix(f"{name} ")
        prepared.findings.add(name, None, Issue("unusable-document", message, "", severity="warning"))
    for issue in generation.issues():
        prepared.findings.add("documents/", None, issue)
    prepared = with_unused_settings(prepared, settings, {role_of(name) for name in files}, settings_name)
    prepared = with_guard_questions(prepared, next((files[name] for name in files if role_of(name) == "guard"), None))
    return with_unused_files(prepared, unused_files([*files, *unused]))


def taken_as(findings: Findings) -> tuple[str, ...]:
    """The warnings about guessed fields and settings without an effect, for commands that do not list all findings."""
    return tuple(str(finding) for finding in findings.kept if finding.rule in (UNUSED_SETTING, GUESSED_FIELD))
