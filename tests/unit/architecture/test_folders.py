"""Holds the folders small enough that a newcomer finds a file by reading the names in one of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.unit.architecture.import_graph import PACKAGES, ROOT

_MOST_MODULES = 12
# docs/architecture.md gives the reason of each.
_LONG_FOLDERS = {"lambdas"}


def long_folders(modules: list[Path]) -> dict[str, int]:
    """The folders with too many modules, and how many they have. A package's `__init__.py` does not count."""
    counted = Counter(str(path.parent) for path in modules if path.name != "__init__.py")
    return {folder: count for folder, count in counted.items() if count > _MOST_MODULES}


@pytest.mark.parametrize("top", [*PACKAGES, "benchmarks", "docs", "tests"])
def test_folders_have_at_most_twelve_modules(top: str) -> None:
    modules = [path.relative_to(ROOT) for path in (ROOT / top).rglob("*.py")]
    assert long_folders(modules).keys() == _LONG_FOLDERS & {top}


def test_a_folder_with_thirteen_modules_is_too_long() -> None:
    modules = [Path("tuner") / f"module_{number}.py" for number in range(13)]
    assert long_folders([*modules, Path("tuner/__init__.py")]) == {"tuner": 13}
    assert not long_folders([*modules[1:], Path("tuner/__init__.py")])


def test_each_long_folder_has_its_reason_on_the_architecture_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert all(f"`{folder}/` has more" in page for folder in _LONG_FOLDERS)
