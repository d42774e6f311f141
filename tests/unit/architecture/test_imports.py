"""Holds the direction of imports between packages and between the folders of tuner/, and finds import circles."""

from __future__ import annotations

import tomllib

import pytest

from tests.unit.architecture.import_graph import (
    PACKAGES,
    ROOT,
    circles,
    import_graph,
    imported,
    modules,
    relative_imports,
)

# What each top-level package may import. Only tuner.cli may also import `local`: it starts and stops the local cloud.
PACKAGE_MAY_IMPORT: dict[str, set[str]] = {
    "tuner": set(),
    "lambdas": {"tuner"},
    "statemachine": {"tuner"},
    "stacks": {"tuner", "statemachine"},
    "local": {"tuner"},
}

# What every stage of the pipeline may import. Adapters never import stages.
SHARED = {"core", "catalog", "settings", "artifacts"}
BELOW_STAGES = SHARED | {"aws"}
# The stages of the pipeline, each with the other stages that it may import.
STAGES: dict[str, set[str]] = {
    "preflight": {"evaluation"},
    "intake": {"preflight"},
    "datasets": set(),
    "training": set(),
    "costs": {"training"},
    "generation": {"datasets", "costs"},
    "retrieval": {"datasets", "generation", "evaluation"},
    "serving": {"training", "costs"},
    "evaluation": {"datasets", "training", "costs", "serving"},
    "approval": {"costs"},
    "run_queue": set(),
    "preprocess": {"datasets", "retrieval", "evaluation", "serving"},
}
# What each folder of tuner/ may import from the other folders.
FOLDER_MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "decoders": set(),
    "catalog": {"core"},
    "settings": {"core", "catalog"},
    "artifacts": SHARED,
    "aws": SHARED,
    **{stage: BELOW_STAGES | {"decoders"} | others for stage, others in STAGES.items()},
    "reporting": BELOW_STAGES | STAGES.keys(),
    "cli": BELOW_STAGES | STAGES.keys() | {"reporting"},
    "__main__": {"cli"},
}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_in_one_direction(package: str) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, targets in import_graph().items()
        for target in targets
        if name.split(".")[0] == package
        and (other := target.split(".")[0]) not in PACKAGE_MAY_IMPORT[package] | {package}
        and not (other == "local" and name.startswith("tuner.cli"))
    ]
    assert not wrong


@pytest.mark.parametrize("folder", FOLDER_MAY_IMPORT)
def test_folders_of_tuner_import_in_one_direction(folder: str) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, targets in import_graph().items()
        for target in targets
        if _folder(name) == folder
        and (other := _folder(target)) is not None
        and other not in FOLDER_MAY_IMPORT[folder] | {folder}
    ]
    assert not wrong


def test_every_folder_of_tuner_has_a_direction() -> None:
    folders = {folder for name in import_graph() if (folder := _folder(name))}
    assert folders == FOLDER_MAY_IMPORT.keys()


def test_stages_list_only_the_stages_that_they_import() -> None:
    used = {
        stage: {
            other
            for name, targets in import_graph().items()
            for target in targets
            if _folder(name) == stage and (other := _folder(target)) in STAGES and other != stage
        }
        for stage in STAGES
    }
    assert used == STAGES


def _folder(module: str) -> str | None:
    """The folder of tuner/ that a module belongs to (or the module itself, directly in tuner/); None elsewhere."""
    package, _, rest = module.partition(".")
    return rest.split(".")[0] if package == "tuner" and rest else None


def test_modules_have_no_import_circles() -> None:
    assert not circles(import_graph())


def test_folders_of_tuner_have_no_import_circles() -> None:
    folders: dict[str, frozenset[str]] = {folder: frozenset() for folder in FOLDER_MAY_IMPORT}
    for name, targets in import_graph().items():
        if folder := _folder(name):
            folders[folder] |= {other for target in targets if (other := _folder(target)) and other != folder}
    assert not circles(folders)


def test_imports_are_absolute() -> None:
    wrong = [str(path.relative_to(ROOT)) for package in PACKAGES for path in modules(package) if relative_imports(path)]
    assert not wrong


def test_circles_are_found_with_all_their_modules() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"f"}, "f": {"e"}}
    assert circles({name: frozenset(targets) for name, targets in graph.items()}) == [["a", "b", "c"], ["e", "f"]]


def test_only_the_adapters_and_the_command_line_import_boto3() -> None:
    allowed = (ROOT / "tuner" / "aws", ROOT / "tuner" / "cli")
    wrong = [
        str(path.relative_to(ROOT))
        for package in ("tuner", "lambdas", "stacks", "statemachine")
        for path in modules(package)
        if {"boto3", "botocore"} & {name.partition(".")[0] for name in imported(path)}
        and not any(path.is_relative_to(folder) for folder in allowed)
    ]
    assert not wrong


def test_nothing_else_imports_the_command_line() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, targets in import_graph().items()
        for target in targets
        if target.startswith("tuner.cli") and not name.startswith("tuner.cli") and name != "tuner.__main__"
    ]
    assert not wrong


def test_every_module_of_the_cdk_that_is_imported_is_read_by_mypy() -> None:
    """pyproject.toml lists them: what is not listed has no types, and mypy would not say so."""
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    read = {module for each in overrides if each.get("follow_imports") == "normal" for module in each["module"]}
    used = {
        name
        for package in ("stacks", "tests", "docs")
        for path in modules(package)
        if "aws_cdk" in path.read_text("utf-8")
        for name in imported(path)
        if name.startswith("aws_cdk.aws_") and name.count(".") == 1
    }
    assert used == {module for module in read if module.startswith("aws_cdk.aws_")}
