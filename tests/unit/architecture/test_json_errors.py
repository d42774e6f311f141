"""Code that expects text to be no JSON expects it to be nested too deeply, and its numbers to be too long, as well.

Python's parser raises RecursionError for a row of some thousand brackets, and a ValueError that is no JSONDecodeError
for a number of more than 4,300 digits. Settings, files, answers of models and replies of scorers can have both.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_NOT_JSON = {"ValueError", "JSONDecodeError", "json.JSONDecodeError"}


def _unprepared(tree: ast.AST) -> Iterator[int]:
    """Lines of `json.loads` in a `try` that handles text that is no JSON, but not one that is nested too deeply."""
    for tried in (node for node in ast.walk(tree) if isinstance(node, ast.Try)):
        handled = {
            ast.unparse(one)
            for handler in tried.handlers
            for one in (handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type])
            if one
        }
        if handled & _NOT_JSON and not {"ValueError", "RecursionError"} <= handled and "Exception" not in handled:
            calls = (node for part in tried.body for node in ast.walk(part) if isinstance(node, ast.Call))
            yield from (call.lineno for call in calls if ast.unparse(call.func) == "json.loads")


def test_whoever_expects_broken_json_expects_deep_json() -> None:
    files = [path for folder in ("tuner", "lambdas", "stacks") for path in Path(folder).rglob("*.py")]
    assert [f"{path}:{line}" for path in files for line in _unprepared(ast.parse(path.read_text("utf-8")))] == []


@pytest.mark.parametrize(
    ("handled", "found"), [("ValueError", [2]), ("json.JSONDecodeError", [2]), ("(ValueError, RecursionError)", [])]
)
def test_the_rule_finds_a_handler_without_it(handled: str, found: list[int]) -> None:
    assert list(_unprepared(ast.parse(f"try:\n    x = json.loads(text)\nexcept {handled}:\n    pass\n"))) == found
