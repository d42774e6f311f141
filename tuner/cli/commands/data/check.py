"""`tuner data check`: checks a file or a whole dataset folder with the rules that a run applies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, NoReturn

import typer

from tuner import catalog
from tuner.cli.commands.data.display import (
    finish_with_file,
    show_fields,
    show_findings,
    show_power,
    show_profile,
    show_task,
)
from tuner.cli.commands.data.inputs import (
    data_limits,
    data_source,
    files_below,
    is_folder,
    read_errors_as_usage_errors,
)
from tuner.cli.commands.data.options import (
    DEFAULT_MODEL,
    RoleName,
    RoleOption,
    SystemPrompt,
)
from tuner.cli.dataset_check import PlannedGeneration, check_dataset, planned_generation
from tuner.cli.options import Json, with_field_options
from tuner.cli.terminal.console import emit, say
from tuner.core.errors import DatasetError
from tuner.core.run import role_of
from tuner.core.wording import plural
from tuner.datasets import Findings, Prepared, Source
from tuner.datasets import check as check_file
from tuner.datasets.field_usage import FieldReport
from tuner.evaluation.guard.own_questions import own_questions
from tuner.intake.arrival import files_fit, too_many_files
from tuner.intake.manifest import refuse_files_of_the_same_role, refuse_rule_without_guard
from tuner.intake.resolved_settings import customizations, served
from tuner.intake.unused_files import can_start, no_training_file
from tuner.settings import FieldNames, RunSettings, load, parse_document, read_document

FileOrFolder = Annotated[
    str, typer.Argument(metavar="PATH", help="A file or a dataset folder: a local path or an s3:// address.")
]


@with_field_options
def check(
    path: FileOrFolder,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help=f"The model to customize. Default: run.yaml's base_model, else {DEFAULT_MODEL}."
        ),
    ] = None,
    role: RoleOption = RoleName.TRAINING,
    system_prompt: SystemPrompt = None,
    *,
    names: FieldNames,
    as_json: Json = False,
) -> None:
    """Check a file or a dataset folder against the model's rules. A folder is checked with its run.yaml."""
    with read_errors_as_usage_errors("PATH"):
        if is_folder(path):
            _finish_with_folder(*check_folder(path, model, names, system_prompt), as_json)
        source = data_source(path, "PATH")
        if role_of(source.name) == "guard":
            _finish_with_guard(source, as_json)
        limits = data_limits(model or DEFAULT_MODEL, role.value, system_prompt)
        done = check_file(source, limits, names)
    finish_with_file(done, as_json)


def check_folder(
    address: str, model: str | None, names: FieldNames, system_prompt: str | None = None
) -> tuple[Prepared, PlannedGeneration]:
    """Checks a dataset folder. The options are used in place of the folder's settings.

    Raises BadParameter for a folder that is not enough for a run, DatasetError and SettingsError as the run would.
    """
    files = files_below(address)
    roles = [(role_of(name), name) for name in files]
    refuse_files_of_the_same_role(address, roles)
    names_of = dict(roles)
    if not can_start(files):
        raise typer.BadParameter(no_training_file(address, files), param_hint="PATH")
    if not files_fit(PurePath(address).name, files):
        raise DatasetError(too_many_files(address, len(files)))
    settings_name = names_of.get("settings", "run.yaml")
    settings = _settings(files, names_of.get("settings"))
    named = data_limits(model or settings.base_model or DEFAULT_MODEL, "training").model
    refuse_rule_without_guard(settings_name, settings, names_of)
    base_model, _, _ = customizations(named, settings, catalog.model, settings_name)
    given: dict[str, Any] = {"fields": names} if names != FieldNames() else {}
    given |= {"system_prompt": system_prompt} if system_prompt else {}
    settings = served(settings.model_copy(update=given), base_model)
    generation = planned_generation(files, settings, base_model)
    return check_dataset(files, settings, base_model, generation, settings_name=settings_name), generation


def _settings(files: Mapping[str, Source], name: str | None) -> RunSettings:
    if name is None:
        return RunSettings()
    return load(RunSettings, parse_document(read_document(files[name].chunks()), name), name)


def _finish_with_guard(source: Source, as_json: bool) -> NoReturn:
    """Shows what is wrong with a file of guard questions, which its name says it is."""
    findings = Findings()
    count = len(own_questions(source, findings))
    if as_json:
        known = {"file": source.name, "ready": not findings.errors, "guard_questions": count}
        emit({**known, **findings.as_json()})
    else:
        show_findings(findings)
        say(f"{source.name}: {plural(count, 'guard question')} can be asked.", "quiet")
    raise typer.Exit(1 if findings.errors else 0)


def _finish_with_folder(prepared: Prepared, generation: PlannedGeneration, as_json: bool) -> NoReturn:
    if as_json:
        summary = prepared.summary.model_dump(mode="json", exclude={"schema_version"})
        asked = {"generation": generation.as_json()} if generation.sets else {}
        guard = {"guard_questions": len(prepared.guard)} if prepared.guard else {}
        emit({**summary, **asked, **guard, "ready": not prepared.findings.errors, **prepared.findings.as_json()})
    else:
        show_findings(prepared.findings)
        if generation.sets:
            say(generation.sentence)
        if prepared.guard:
            count = plural(len(prepared.guard), "guard question")
            say(f"The dataset has {count} of its own, which both models are asked too.", "quiet")
        for file in prepared.summary.files:
            show_fields(FieldReport(file.fields, file.left_out, file.records_left_out), f"{file.key}: ")
        if prepared.summary.study:
            show_profile(prepared.summary.study)
        if not generation.alone:
            show_task(prepared.summary.task)
        show_power(prepared.summary)
    raise typer.Exit(1 if prepared.findings.errors else 0)
