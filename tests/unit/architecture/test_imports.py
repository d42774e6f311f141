"""Imports point one way, and only tuner.aws talks to AWS."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OURS = {"stacks", "lambdas", "tuner", "local"}
# tuner.cli starts and stops the cloud on a laptop; nothing else may know that it exists.
MAY_IMPORT = {"tuner": set(), "lambdas": {"tuner"}, "stacks": {"tuner"}, "local": {"tuner"}}


def modules(room: str) -> list[Path]:
    return sorted(path for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("room", sorted(OURS))
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name in imported(path)
        if (top := name.partition(".")[0]) in OURS - {room} - MAY_IMPORT[room]
        and not (top == "local" and path.is_relative_to(ROOT / "tuner" / "cli"))
    ]
    assert not wrong


def test_only_the_adapters_and_the_command_line_import_boto3() -> None:
    allowed = (ROOT / "tuner" / "aws", ROOT / "tuner" / "cli")
    wrong = [
        str(path.relative_to(ROOT))
        for room in ("tuner", "lambdas", "stacks")
        for path in modules(room)
        if {"boto3", "botocore"} & {name.partition(".")[0] for name in imported(path)}
        and not any(path.is_relative_to(folder) for folder in allowed)
    ]
    assert not wrong


def test_the_command_line_is_imported_by_nothing_else() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for room in sorted(OURS)
        for path in modules(room)
        if any(name.startswith("tuner.cli") for name in imported(path))
        and not path.is_relative_to(ROOT / "tuner" / "cli")
        and path != ROOT / "tuner" / "__main__.py"
    ]
    assert not wrong
