"""Folders that the commands on data are given: here, or in S3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import typer

from tuner.aws.s3.objects import ObjectSource, keys_below, object_address
from tuner.catalog import check_hyperparameters
from tuner.core.errors import SettingsError
from tuner.core.run import ENDINGS, role_of
from tuner.datasets import Limits, LocalFile, NoSink, Prepared, Role, Source, prepare
from tuner.intake.manifest import refuse_two_of_a_kind
from tuner.settings import FieldNames, RunSettings, load, parse_document


def is_folder(address: str) -> bool:
    """Whether a path or an `s3://` address is that of a folder. Raises AwsError when S3 does not say."""
    place = object_address(address)
    if place is None:
        return Path(address).is_dir()
    bucket, key = place
    if not key or key.endswith("/"):
        return True
    # Whoever may read a file need not be allowed to list its folder.
    return not key.lower().endswith(ENDINGS) and any(True for _ in keys_below(bucket, f"{key}/"))


def files_below(address: str) -> dict[str, Source]:
    """Each file below a folder by its path in it: `docs` does not mean `docs-old/` too. Raises AwsError."""
    if place := object_address(address):
        bucket, key = place
        folder = f"{key.rstrip('/')}/" if key else ""
        return {found.removeprefix(folder): ObjectSource(bucket, found) for found in keys_below(bucket, folder)}
    here = Path(address)
    return {path.relative_to(here).as_posix(): LocalFile(path) for path in sorted(here.rglob("*")) if path.is_file()}


def check_folder(address: str, limits: Limits, names: FieldNames) -> Prepared:
    """What the preprocessing step would do with a dataset's folder, without writing anything.

    Raises BadParameter for a folder without a training file, DatasetError and SettingsError as the run would.
    """
    files = files_below(address)
    roles = [(role_of(name), name) for name in files]
    refuse_two_of_a_kind(address, roles)
    names_of = dict(roles)
    if "training" not in names_of:
        raise typer.BadParameter(f"'{address}' has no training file.", param_hint="PATH")
    settings = _settings(files, names_of.get("settings"))
    check_hyperparameters(limits.model, settings.hyperparameters, *filter(None, [names_of.get("settings")]))
    given: dict[str, Any] = {"fields": names} if names != FieldNames() else {}
    given |= {"system_prompt": limits.system_prompt} if limits.system_prompt else {}
    sources: dict[Role, Source] = {role: files[names_of[role]] for role in get_args(Role) if role in names_of}
    to_generate = settings.generate.count if "documents" in names_of and "validation" not in sources else 0
    settings = settings.model_copy(update=given)
    return prepare(sources, settings, limits.model, lambda _: NoSink(), to_generate=to_generate)


def _settings(files: Mapping[str, Source], name: str | None) -> RunSettings:
    if name is None:
        return RunSettings()
    try:
        text = b"".join(files[name].chunks()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{name}: is not UTF-8. Save it as UTF-8.") from None
    return load(RunSettings, parse_document(text, name), name)
