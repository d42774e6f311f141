"""docs/state-machine.md: the definition as a diagram that Git hosts draw (Mermaid), and each state in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from statemachine.format import DEFINITION

_RELEASED = "Release after a failure"


def diagram_page() -> str:
    """The page. Arrows for failures are left out where they lead straight to the report: the table has them."""
    states: dict[str, dict[str, Any]] = json.loads(DEFINITION.read_text("utf-8"))["States"]
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    nodes = [f"  {ids[name]}{_shape(name, state)}" for name, state in states.items()]
    arrows = [
        f"  {ids[name]} {arrow} {ids[target]}" for name, state in states.items() for arrow, target in _arrows(state)
    ]
    drawing = "\n".join(["flowchart TD", *nodes, *arrows])
    rows = [f"| {name} | {state['Comment']} | {_on_failure(state)} |" for name, state in states.items()]
    table = "\n".join(["| state | what it is for | if it fails |", "| --- | --- | --- |", *rows])
    return (
        "# The state machine\n\n*For the operator and the developer.*\n\n"
        "`statemachine/customization.asl.json`. Dotted: the way of a failure while throughput is paid for.\n\n"
        f"```mermaid\n{drawing}\n```\n\n{table}\n"
    )


def _shape(name: str, state: dict[str, Any]) -> str:
    opening, closing = {
        "Choice": ("{", "}"),
        "Succeed": ("([", "])"),
        "Fail": ("([", "])"),
        "Wait": ("(", ")"),
        "Map": ("[[", "]]"),
    }.get(state["Type"], ("[", "]"))
    return f'{opening}"{name}"{closing}'


def _arrows(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for choice in state.get("Choices", []):
        yield "-- yes -->", choice["Next"]
    if "Default" in state:
        yield "-- no -->", state["Default"]
    if "Next" in state:
        yield "-->", state["Next"]
    for catch in state.get("Catch", []):
        if catch["Next"] == _RELEASED:
            yield "-.->", catch["Next"]


def _on_failure(state: dict[str, Any]) -> str:
    return ", ".join(catch["Next"] for catch in state.get("Catch", []))
