"""docs/state-machine.md: the definition as a diagram that Git hosts draw (Mermaid), each state and retry in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from statemachine import bounds
from statemachine.bounds import LONGEST, turns
from statemachine.definition import definition, tasks
from statemachine.retries import Retrier, retriers
from tuner.settings import DeploymentSettings

_RELEASED = "Release after a failure"


def diagram_page() -> str:
    """The page. Arrows for failures are left out where they lead straight to the report: the table has them."""
    states: dict[str, dict[str, Any]] = definition()["States"]
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
        "`statemachine/customization.asl.json`, and the retry policy in every Task (`statemachine/retries.py`). "
        "Dotted: the way of a failure from the training on.\n\n"
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


def _limits() -> str:
    """How long an execution may take, and what its history may hold."""
    built, largest = definition(), DeploymentSettings(**LONGEST)
    usual, most = (built["TimeoutSeconds"], definition(largest)["TimeoutSeconds"])
    loops = "; ".join(f"*{choice}* {turns(built['States'][choice])}" for choice in bounds.loops(built))
    return (
        "## Time and history\n\n"
        f"An execution may take {usual / 86_400:.1f} days with the default settings and {most / 86_400:.1f} with the "
        "largest: the sum of the longest approval, wait for a training place, training and serving, of every "
        "function's time limit and of every retry. A run usually takes hours. "
        f"The longest run writes {bounds.most_events(built):,} events; Step Functions ends an execution at 25,000 "
        "([decision 18](decisions/0018-computed-execution-limits.md)). "
        f"Each loop ends after a number of turns: {loops}.\n"
    )


def _retries() -> str:
    """Each entry of the policy: where it stands, for what, and for how long it asks again."""
    names = [name for name, _ in tasks(definition())]
    found = dict.fromkeys(retrier for name in names for retrier in retriers(name))
    rows = [
        f"| {retrier.name} | {_where(retrier, names)} | {', '.join(f'`{error}`' for error in retrier.errors)} "
        f"| {retrier.attempts} | {_lasts(retrier)} | {retrier.why} |"
        for retrier in found
    ]
    return "\n".join(
        (
            "## Retries\n",
            "The entries stand in each state in this order. An entry asks again after waits that grow up to a limit. "
            "With full jitter each wait is drawn between 0 and its value, so the whole time varies: in 99 of 100 cases "
            "it is at least the first value, and it is never more than the second.\n",
            "| entry | states | errors | attempts | asks again for | why |",
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
    return "every Task" + (f" but {', '.join(f'*{name}*' for name in missing)}" if missing else "")


def _lasts(retrier: Retrier) -> str:
    least, most = (_duration(seconds) for seconds in (retrier.least_seconds(), retrier.most_seconds()))
    return most if retrier.jitter == "NONE" else f"{least} to {most}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
