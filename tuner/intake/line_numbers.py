"""Adds line numbers of a settings document to error messages."""

from __future__ import annotations

import re

import yaml

from tuner.core.errors import RunRefusedError
from tuner.settings.yaml_documents import key_lines


def with_lines(error: RunRefusedError, name: str, text: str) -> RunRefusedError:
    """The same error, with the line of each key in its message: `run.yaml, line 4: budget_usd: ...`.

    JSON is parsed as YAML, of which it is a subset. A key that is not in the document (a default) has no line.
    """
    if name.endswith(".json"):
        text = text.replace(
            "\t", " "
        )  # YAML refuses tabs. In valid JSON they occur only between values, so replacing them is safe.
    try:
        lines = key_lines(text)
    except yaml.YAMLError:
        return error

    def located(finding: re.Match[str]) -> str:
        path = finding["path"]
        known = next((lines[parent] for parent in _parents(path) if parent in lines), None)
        return f"{name}, line {known}: {path}: " if known else finding[0]

    pattern = re.compile(rf"^{re.escape(name)}: (?P<path>[^\s:]+): ", re.MULTILINE)
    return type(error)(pattern.sub(located, str(error)))


def _parents(path: str) -> list[str]:
    """The path itself and those of its parents: `a.b.c`, `a.b`, `a`."""
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
