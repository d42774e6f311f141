"""The definition as a graph, for the checks."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]
_EXPRESSION = re.compile(r"\{%(.*?)%\}", re.DOTALL)


@dataclass(frozen=True)
class Edge:
    """A way from one state to another, and the variables that are assigned on it."""

    source: str
    target: str
    assigned: frozenset[str]
    is_catch: bool


class Machine:
    """A definition, or the inside of a Map."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition
        self.start: str = definition["StartAt"]
        self.states: dict[str, State] = definition["States"]

    def edges(self) -> Iterator[Edge]:
        """Every way between two states."""
        for name, state in self.states.items():
            assigned = frozenset(state.get("Assign", {}))
            for target in (state.get("Next"), state.get("Default")):
                if target:
                    yield Edge(name, target, assigned, False)
            for choice in state.get("Choices", []):
                yield Edge(name, choice["Next"], assigned | frozenset(choice.get("Assign", {})), False)
            for catch in state.get("Catch", []):
                yield Edge(name, catch["Next"], frozenset(catch.get("Assign", {})), True)

    def reached_from(self, start: str, stop_at: frozenset[str] = frozenset()) -> set[str]:
        """The states that can be come to from `start`, not going on behind those of `stop_at`."""
        edges = list(self.edges())
        reached, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            if here in stop_at:
                continue
            new = {edge.target for edge in edges if edge.source == here} - reached
            reached |= new
            waiting += new
        return reached

    def assuming(self, condition: str, holds: bool) -> Machine:
        """The definition where `condition` holds, or where it and what begins like it does not."""
        definition = copy.deepcopy(self.definition)
        begins = condition.removesuffix(" %}")
        for state in definition["States"].values():
            conditions = [choice["Condition"] for choice in state.get("Choices", ())]
            if holds and condition in conditions:
                at = conditions.index(condition)
                state["Choices"], state["Default"] = state["Choices"][:at], state["Choices"][at]["Next"]
            elif not holds and conditions:
                state["Choices"] = [choice for choice in state["Choices"] if not choice["Condition"].startswith(begins)]
        return Machine(definition)

    def calling(self, function: str) -> frozenset[str]:
        """The states that call this function (a placeholder's name)."""
        return frozenset(
            name for name, state in self.states.items() if f"${{{function}}}" in json.dumps(state.get("Arguments", {}))
        )

    def insides(self) -> Iterator[tuple[str, Machine]]:
        """The Maps' names and what they run."""
        for name, state in self.states.items():
            if "ItemProcessor" in state:
                yield name, Machine(state["ItemProcessor"])

    def every_state(self) -> Iterator[tuple[str, State, bool]]:
        """Every state with its name, and whether it is inside a Map."""
        for name, state in self.states.items():
            yield name, state, False
        for _, inside in self.insides():
            for name, state in inside.states.items():
                yield name, state, True


def expressions(value: Any) -> list[str]:
    """The JSONata expressions in a state, or in any part of one."""
    if isinstance(value, str):
        return _EXPRESSION.findall(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [expression for part in parts for expression in expressions(part)]


def variables(value: Any) -> set[str]:
    """The variables that the expressions read: not `$states`, not functions, not what is in quotes."""
    plain = [re.sub(r"'[^']*'", "", expression) for expression in expressions(value)]
    return {name for text in plain for name in re.findall(r"\$(\w+)(?!\w*\()", text)} - {"states"}


def waits_for_a_token(state: State) -> bool:
    """The wait for an approval, and those for a place."""
    return str(state.get("Resource", "")).endswith(".waitForTaskToken")
