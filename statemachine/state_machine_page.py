"""Renders docs/state-machine.md: the definition as a Mermaid diagram, a table of states, the limits and the retries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from statemachine import bounds
from statemachine.bounds import LARGEST_SETTINGS, turns
from statemachine.definition import definition, tasks
from statemachine.retries import Retrier, retriers
from tuner.settings import DeploymentSettings

_RELEASED = "Release after a failure"


def state_machine_page() -> str:
    """The page. The diagram omits failures that lead directly to the report; the table lists them."""
    states: dict[str, dict[str, Any]] = definition()["States"]
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    nodes = [f"  {ids[name]}{_shape(name, state)}" for name, state in states.items()]
    arrows = [
        f"  {ids[name]} {arrow} {ids[target]}" for name, state in states.items() for arrow, target in _arrows(state)
    ]
    drawing = "\n".join(["flowchart TD", *nodes, *arrows])
    rows = [f"| {name} | {state['Comment']} | {_on_failure(state)} |" for name, state in states.items()]
    table = "\n".join(["| state | purpose | if it fails |", "| --- | --- | --- |", *rows])
    return (
        "# The state machine\n\n*For the operator and the developer.*\n\n"
        "Sources: `statemachine/customization.asl.json`, and `statemachine/retries.py` for the "
        "retry policy of every Task. "
        "An arrow from a choice has its condition; the first that holds is taken. "
        "Dotted arrows: failures from the training on, which lead to a release.\n\n"
        f"```mermaid\n{drawing}\n```\n\n{table}\n\n{_limits()}\n{_retries()}"
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
        yield f'-- "{_condition(choice["Condition"])}" -->', choice["Next"]
    if "Default" in state:
        yield '-- "otherwise" -->', state["Default"]
    if "Next" in state:
        yield "-->", state["Next"]
    for catch in state.get("Catch", []):
        # Only these arrows. Almost every state has a Catch, and the diagram would be unreadable with all of them.
        if catch["Next"] == _RELEASED:
            yield "-.->", catch["Next"]


def _condition(expression: str) -> str:
    """A condition in JSONata without what only the machine needs: `{% $turns >= 60 %}` is `turns >= 60`."""
    return expression.removeprefix("{%").removesuffix("%}").strip().replace("$", "").replace('"', "'")


def _on_failure(state: dict[str, Any]) -> str:
    return ", ".join(catch["Next"] for catch in state.get("Catch", []))


def _limits() -> str:
    """How long an execution may take, and what its history may hold."""
    built, largest = definition(), DeploymentSettings(**LARGEST_SETTINGS)
    usual, most = (built["TimeoutSeconds"], definition(largest)["TimeoutSeconds"])
    loops = "; ".join(f"*{choice}* {turns(built['States'][choice])}" for choice in bounds.loops(built))
    return (
        "## Limits of time and history\n\n"
        f"The time limit of an execution is {usual / 86_400:.1f} days with the default settings and "
        f"{most / 86_400:.1f} days with the largest settings. It is the sum of the longest approval, wait for training "
        "capacity, training and serving, of the time limits of all functions, and of all retries. A run usually takes "
        f"hours. The longest run writes {bounds.max_events(built):,} events; Step Functions ends an execution at "
        "25,000 ([decision 18](decisions/0018-computed-execution-limits.md)). "
        f"Each loop has a maximum number of iterations: {loops}.\n"
    )


def _retries() -> str:
    """A table of the policy: each entry with its states, errors, attempts, duration and reason."""
    names = [name for name, _ in tasks(definition())]
    found = dict.fromkeys(retrier for name in names for retrier in retriers(name))
    rows = [
        f"| {retrier.name} | {_where(retrier, names)} | {', '.join(f'`{error}`' for error in retrier.errors)} "
        f"| {retrier.attempts} | {_total_wait(retrier)} | {retrier.why} |"
        for retrier in found
    ]
    return "\n".join(
        (
            "## Retries\n",
            "Each state has its entries in this order. The waits of an entry grow up to a maximum. With full jitter, "
            "each wait is random between 0 and its value, so the total varies. It exceeds the first value in 99 % of "
            "cases, and never exceeds the second value.\n",
            "| entry | states | errors | attempts | total wait | reason |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
        )
    )


def _where(retrier: Retrier, names: list[str]) -> str:
    having = [name for name in names if retrier in retriers(name)]
    missing = [name for name in names if name not in having]
    if len(having) <= len(missing):
        return ", ".join(f"*{name}*" for name in having)
    return "every Task" + (f" except {', '.join(f'*{name}*' for name in missing)}" if missing else "")


def _total_wait(retrier: Retrier) -> str:
    least, most = (_duration(seconds) for seconds in (retrier.min_seconds(), retrier.max_seconds()))
    return most if retrier.jitter == "NONE" else f"{least} to {most}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
