"""Reads which modules of the project import which, from their source text and without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("lambdas", "local", "stacks", "statemachine", "tuner")


def modules(package: str) -> list[Path]:
    """The source files of a top-level package."""
    return sorted(path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts)


@cache
def _imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of a file, also those inside functions."""
    return [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def imported(path: Path) -> set[str]:
    """The names of the imported modules, and of what is imported from them: `from a import b` gives `a` and `a.b`.

    Imports inside function bodies and under TYPE_CHECKING count: they tie modules together as much as the others.
    """
    names: set[str] = set()
    for node in _imports(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def relative_imports(path: Path) -> bool:
    """Whether the file has `from . import x`, which `imported` does not resolve."""
    return any(isinstance(node, ast.ImportFrom) and node.level > 0 for node in _imports(path))


@cache
def import_graph() -> dict[str, frozenset[str]]:
    """Each module of the project with the modules of the project that it imports."""
    files = {_module_name(path): path for package in PACKAGES for path in modules(package)}
    return {name: frozenset(_targets(path, files) - {name}) for name, path in files.items()}


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _targets(path: Path, files: Mapping[str, Path]) -> set[str]:
    targets: set[str] = set()
    for node in _imports(path):
        if isinstance(node, ast.Import):
            targets |= {alias.name for alias in node.names}
        elif node.module:
            # `from package import submodule` depends on the submodule, and not on what package/__init__.py imports.
            candidates = (f"{node.module}.{alias.name}" for alias in node.names)
            targets |= {name if name in files else node.module for name in candidates}
    return targets & files.keys()


def circles(graph: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Every import circle, once: modules on the way of an import back to where it started."""
    found: set[frozenset[str]] = set()
    reached = {name: frozenset(reachable(graph, name)) for name in graph}
    for name, targets in reached.items():
        if name in targets:
            # All modules that reach each other are reported together.
            found.add(frozenset(other for other in targets if name in reached[other]))
    return sorted(sorted(circle) for circle in found)


def reachable(graph: Mapping[str, frozenset[str]], start: str) -> Iterator[str]:
    """The modules that a module imports, directly or through others."""
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += graph[name]
