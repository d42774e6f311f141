"""requirements/locked/ has every package of this environment with hashes, as the requirements files ask for it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.architecture.import_graph import ROOT


def _script() -> ModuleType:
    """requirements/lock.py, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("lock", ROOT / "requirements" / "lock.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["lock"] = module
    spec.loader.exec_module(module)
    return module


lock: Any = _script()
OF_ALL = ("cuda", "torch-cpu")
# The programs that list the packages, and that look for vulnerabilities.
RUNS = {"sbom": "cyclonedx-py", "audit": "pip-audit"}
FILES = sorted(path.stem for path in lock.LOCKED.glob("*.txt"))


def packages(name: str) -> dict[str, Requirement]:
    """The packages of a locked file, by name."""
    found = lock.entries((lock.LOCKED / f"{name}.txt").read_text("utf-8")).values()
    return {canonicalize_name(each.name): each for each in (Requirement(text.split(" \\")[0]) for text in found)}


def test_there_is_a_file_of_each_lock() -> None:
    assert sorted([*lock.LOCKS, *OF_ALL]) == FILES


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_current(name: str) -> None:
    """Without the network: it has the digest of what it was written from."""
    wanted = lock.digest(lock.LOCKS["all" if name in OF_ALL else name])
    assert lock.recorded_digest(name) == wanted, "run `make lock`, which writes the file anew"


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_a_version_and_hashes(name: str) -> None:
    text = (lock.LOCKED / f"{name}.txt").read_text("utf-8")
    for package, entry in lock.entries(text).items():
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$", entry, re.MULTILINE), package
    lines = (r"#.*", r"[\w.-]+(\[[\w,-]+\])?==[\w.+]+( ;[^\\]*)?( \\)?", r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    other = [line for line in text.splitlines() if not any(re.fullmatch(each, line) for each in lines)]
    assert not other, "no other options, addresses or indexes"


@pytest.mark.parametrize("name", sorted(lock.LOCKS))
def test_what_the_requirements_files_pin_is_locked(name: str) -> None:
    locked = packages(name)
    for line in lock._inputs(lock.LOCKS[name]):
        wanted = Requirement(line)
        assert locked[canonicalize_name(wanted.name)].specifier == wanted.specifier


def test_the_files_agree_with_each_other() -> None:
    everything = packages("all")
    for name in ("aws", "lambda", "lambda-scoring", "lambda-retrieval"):
        others = {key: each.specifier for key, each in packages(name).items()}
        assert others == {key: everything[key].specifier for key in others}


def test_this_environment_has_what_is_locked() -> None:
    locked = {**packages("all"), **packages("models")}
    wanted = {name for name, each in locked.items() if each.marker is None or each.marker.evaluate()}
    found = {str(canonicalize_name(each.name)): each.version.partition("+")[0] for each in distributions()}
    assert {name: found.get(name) for name in wanted} == {name: str(locked[name].specifier)[2:] for name in wanted}


def test_a_changed_version_makes_a_file_outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("requirements.txt", "requirements"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    before = lock.digest(lock.LOCKS["all"])
    assert before == lock.recorded_digest("all")
    changed = tmp_path / "requirements" / "tuner.txt"
    changed.write_text(changed.read_text("utf-8").replace("# run.yaml", "# another comment"), "utf-8")
    assert lock.digest(lock.LOCKS["all"]) == before, "a comment changes nothing"
    changed.write_text(changed.read_text("utf-8").replace("PyYAML==6.0.3", "PyYAML==6.0.2"), "utf-8")
    assert lock.digest(lock.LOCKS["all"]) != before


@pytest.mark.parametrize("target", ["sbom", "audit"])
def test_the_inventory_and_the_audit_have_every_package(target: str) -> None:
    """Each locked file is named, or its packages are in one that is. A build of PyTorch is the package of its version.

    The tools work on the lists, and nothing is built of them.
    """
    recipe = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    loop = re.search(r"for name in ([\w -]+); do [^\n]*\n?[^\n]*" + RUNS[target], recipe)
    assert loop
    named = set(loop[1].split())
    assert named <= set(FILES)
    covered = {(name, _version(each)) for file in named for name, each in packages(file).items()}
    of_others = {
        (name, _version(each))
        for file in set(FILES) - named - ({"tools"} if target == "sbom" else set())
        for name, each in packages(file).items()
    }
    assert of_others - covered == set()


def _version(package: Requirement) -> str:
    """The version that a locked file pins, without the name of a build."""
    return str(package.specifier).partition("+")[0]
