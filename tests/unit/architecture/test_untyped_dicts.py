"""Modules exchange models. This holds the list of what is left: dictionaries whose values have no type."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.unit.architecture.import_graph import ROOT, modules

# The other packages hold documents of CDK, ASL and AWS's APIs, whose form others decide.
_PACKAGES = ("tuner", "lambdas")
_DICTIONARIES = {"dict", "Mapping", "MutableMapping", "defaultdict"}

# How many signatures, attributes and aliases of a file have such a dictionary, and why.
ALLOWED: dict[str, tuple[int, str]] = {
    "lambdas/step.py": (2, "Lambda passes an event and takes a result as JSON objects; `step` makes them models"),
    "tuner/artifacts/evaluation/contestants.py": (1, "a serializer of pydantic returns the members to be written"),
    "tuner/artifacts/evaluation/question_scores.py": (1, "a serializer of pydantic returns the members to be written"),
    "tuner/artifacts/report/evaluation.py": (1, "a serializer of pydantic returns the members to be written"),
    "tuner/aws/clients.py": (1, "the alias for responses of boto3, which has no types"),
    "tuner/datasets/field_and_role_names.py": (
        1,
        "the alias for rows of users' files, whose fields are checked when they are read",
    ),
    "tuner/datasets/records/record.py": (
        1,
        "the alias for Converse's blocks: arguments and results of tools are any JSON",
    ),
    "tuner/settings/yaml_documents.py": (2, "overrides a method and an attribute of PyYAML"),
}


def untyped(source: str) -> list[int]:
    """Lines with `dict[..., Any]` or `Mapping[..., object]` in what a module or a class declares.

    Inside one function such a dictionary is fine: its local variables and inner functions do not count.
    """
    return [node.lineno for annotation in _declared(ast.parse(source)) for node in _untyped_nodes(annotation)]


def _declared(body: ast.Module | ast.ClassDef) -> Iterator[ast.expr]:
    for node in body.body:
        if isinstance(node, ast.ClassDef):
            yield from _declared(node)
        elif isinstance(node, ast.FunctionDef):
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg)
            yield from (each.annotation for each in arguments if each and each.annotation)
            yield from filter(None, [node.returns])
        elif isinstance(node, ast.AnnAssign):
            yield from filter(None, [node.annotation, node.value])  # the value is a type where this is an alias
        elif isinstance(node, ast.Assign):
            yield node.value


def _untyped_nodes(annotation: ast.expr) -> Iterator[ast.Subscript]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and node.slice.elts:
            name, value = ast.unparse(node.value), ast.unparse(node.slice.elts[-1])
            if name in _DICTIONARIES and value in {"Any", "object"}:
                yield node


def test_modules_exchange_models_and_no_untyped_dictionaries() -> None:
    found = Counter(
        str(path.relative_to(ROOT))
        for package in _PACKAGES
        for path in modules(package)
        for _ in untyped(path.read_text("utf-8"))
    )
    assert found == {file: count for file, (count, _) in ALLOWED.items()}


@pytest.mark.parametrize(
    "source",
    [
        "def f(values: dict[str, Any]) -> None: ...",
        "def f(*, values: list[Mapping[str, object]]) -> None: ...",
        "def f() -> dict[str, Any] | None: ...",
        "class A:\n    def f(self) -> Iterator[tuple[dict[str, Any], int]]: ...",
        "class A:\n    members: dict[str, dict[str, Any]]",
        "Alias = Callable[[Mapping[str, Any]], None]",
        "Alias: TypeAlias = Mapping[str, Any]",
    ],
)
def test_what_others_can_see_is_found(source: str) -> None:
    assert len(untyped(source)) == 1


def test_local_variables_and_typed_dictionaries_are_not_found() -> None:
    assert not untyped("def f(names: dict[str, int]) -> Mapping[str, list[Any]]:\n    found: dict[str, Any] = {}")
