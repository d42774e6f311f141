"""Resolves a run's settings and writes its `run.json`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.metadata import version
from itertools import islice
from typing import Protocol

from tuner import __version__
from tuner.artifacts.manifest import Customization, Manifest, PinnedInput, UnusedFile
from tuner.aws.s3.dataset_bucket import ListedObject
from tuner.aws.s3.run_folder import RunFolder
from tuner.catalog.guard_questions import MEASURE as GUARD_MEASURE
from tuner.core.errors import DatasetError, RunRefusedError, SettingsError
from tuner.core.resource_names import candidate_name, resource_name
from tuner.core.run import INCOMING, Role, shown_folder
from tuner.intake.contestants import Models, contestants, named
from tuner.intake.line_numbers import with_lines
from tuner.intake.resolved_settings import Resolved, ResolvedCandidate, resolve
from tuner.intake.same_name_run import ran_before
from tuner.intake.unused_files import unused_files
from tuner.preflight import offered_model
from tuner.settings import DeploymentSettings, RunSettings, parse_document
from tuner.settings.yaml_documents import document_text, refuse_long

# Roles with at most one file.
_SINGLE_FILE_ROLES: tuple[Role, ...] = ("training", "validation", "evaluation", "guard", "settings")
# Each is a finding; a folder can have thousands, such as documents in a folder with another name.
_MOST_UNUSED_FILES = 100
# Packages that decide which API calls are made and how settings are read.
_RECORDED_PACKAGES = ("boto3", "botocore", "pydantic")


class Inputs(Protocol):
    """The data bucket."""

    bucket: str

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        """The current objects of a dataset's folder."""
        ...

    def read(self, pinned: PinnedInput) -> bytes:
        """The content of an input at its pinned version."""
        ...


def write_manifest(
    folder: RunFolder,
    inputs: Inputs,
    models: Models,
    deployment: DeploymentSettings,
    *,
    dataset: str,
    pinned: Sequence[PinnedInput],
    execution_arn: str,
    started_at: str,
) -> Manifest:
    """Resolves the run's settings and writes its `run.json`. Idempotent: a repeated step changes nothing.

    Raises DatasetError when two files have the same role, and ModelUnavailableError when the Region does not offer the
    base model. SettingsError and other subclasses of RunRefusedError have every problem of the settings.
    """
    refuse_files_of_the_same_role(shown_folder(dataset), [(entry.role, _name(dataset, entry)) for entry in pinned])
    data, settings_name = _document(inputs, dataset, pinned)
    resolved = _resolved(data, settings_name, deployment)
    refuse_rule_without_guard(settings_name, resolved.settings, [entry.role for entry in pinned])
    base_models = {model.id: model for model, _ in resolved.trainings}
    names = {name: offered_model(models, model, deployment.region).name for name, model in base_models.items()}
    manifest = Manifest(
        run_id=folder.run_id,
        dataset=dataset,
        execution_arn=execution_arn,
        started_at=started_at,
        data_bucket=inputs.bucket,
        inputs=tuple(pinned),
        unused_files=_unused_files(inputs, dataset),
        settings=resolved.settings,
        base_model=resolved.model.id,
        base_endpoint=resolved.model.base_endpoint,
        base_model_name=names[resolved.model.id],
        base_model_names=names if len(names) > 1 else {},
        judge_model=resolved.judge_model,
        scorer_function=deployment.scorers.get(resolved.settings.scorer.name or ""),
        hyperparameters=resolved.hyperparameters,
        contestants=named(contestants(resolved.settings, _has_documents(pinned)), models),
        resource_name=resource_name(deployment.name, folder.run_id),
        candidates=numbered(deployment.name, folder.run_id, resolved.candidates),
        versions=_versions(),
    )
    _write_once(folder, manifest)
    return manifest


def _has_documents(pinned: Sequence[PinnedInput]) -> bool:
    return any(entry.role == "documents" for entry in pinned)


def numbered(deployment: str, run_id: str, candidates: Sequence[ResolvedCandidate]) -> tuple[Customization, ...]:
    """The candidates of a run, in the order of the settings."""
    return tuple(
        Customization(
            number=number,
            base_model=each.model.id,
            hyperparameters=each.hyperparameters,
            resource_name=candidate_name(deployment, run_id, number),
        )
        for number, each in enumerate(candidates, 1)
    )


def refuse_files_of_the_same_role(where: str, files: Collection[tuple[Role | None, str]]) -> None:
    """Raises DatasetError when two files, given as pairs of role and name, have the same role."""
    for role in _SINGLE_FILE_ROLES:
        found = [name for file_role, name in files if file_role == role]
        if len(found) > 1:
            raise DatasetError(f"{where}: {' and '.join(found)} have the same role: {role}. Delete all but one.")


def refuse_rule_without_guard(settings_name: str, settings: RunSettings, roles: Collection[Role | None]) -> None:
    """Raises SettingsError when the gate has a rule about guard questions and the run asks none."""
    if GUARD_MEASURE in settings.gate and not settings.evaluation.guard and "guard" not in roles:
        raise SettingsError(
            f"{settings_name}: gate: {GUARD_MEASURE}: the run asks no guard questions. Set evaluation.guard to their "
            "number, such as 80, or add your own as guard.jsonl."
        )


def _unused_files(inputs: Inputs, dataset: str) -> tuple[UnusedFile, ...]:
    """What lies in the folder and looks like a part of the dataset. It may have come after the run was started."""
    names = [entry.key.removeprefix(f"{INCOMING}{dataset}/") for entry in inputs.list(dataset)]
    return tuple(islice(unused_files(names), _MOST_UNUSED_FILES))


def _name(dataset: str, pinned: PinnedInput) -> str:
    return pinned.key.removeprefix(f"{INCOMING}{dataset}/")


def _resolved(data: bytes, name: str, deployment: DeploymentSettings) -> Resolved:
    document = parse_document(data, name)
    try:
        return resolve(document, deployment, name)
    except RunRefusedError as error:
        raise with_lines(error, name, document_text(data, name)) from error


def _document(inputs: Inputs, dataset: str, pinned: Sequence[PinnedInput]) -> tuple[bytes, str]:
    """The run's settings as they were uploaded, and the name of their file. Without a file, they are empty."""
    found = next((entry for entry in pinned if entry.role == "settings"), None)
    if found is None:
        return b"", "run.yaml"
    name = _name(dataset, found)
    refuse_long(found.size, name)
    return inputs.read(found), name


def _write_once(folder: RunFolder, manifest: Manifest) -> None:
    earlier = folder.load_if_present(Manifest)
    if earlier is None:
        folder.save(manifest)
        return
    if earlier.execution_arn != manifest.execution_arn or earlier.started_at != manifest.started_at:
        raise RunRefusedError(ran_before(folder, earlier.started_at))


def _versions() -> dict[str, str]:
    """The versions of this project and of the packages that it depends on most."""
    return {"bedrock-tuner": __version__, **{name: version(name) for name in _RECORDED_PACKAGES}}
