"""The modules of the local cloud, the fault harness and the benchmarks import each other without circles."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def imports(folder):
    """Every module of a folder with the modules of the same folder that it imports, also inside of functions."""
    found = {name_of(path): path for path in (ROOT / folder).rglob("*.py")}
    graph = {}
    for name, path in found.items():
        named = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
        graph[name] = (named & found.keys()) - {name}
    return graph


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("folder", ["local", "tests/chaos", "benchmarks"])
def test_there_are_no_import_circles(folder):
    graph = imports(folder)
    assert len(graph) > 5
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.slow
def test_handlers_of_the_control_plane_do_not_import_each_other():
    graph = imports("local")
    handlers = {name for name in graph if name.startswith("local.bedrock.control.")} - {
        "local.bedrock.control.pagination"
    }
    assert len(handlers) > 6
    assert {name: graph[name] & handlers for name in handlers if graph[name] & handlers} == {}


def test_the_state_of_the_local_bedrock_imports_no_handler_and_no_process():
    graph = imports("local")
    state = {name for name in graph if name.startswith("local.bedrock.state")}
    allowed = state | {"local.bedrock", "local.bedrock.errors", "local.trainer.spec", "local.trainer", "local"}
    assert set().union(*(graph[name] for name in state)) <= allowed
