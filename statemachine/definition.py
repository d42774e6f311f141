"""The state machine's definition as it is deployed: customization.asl.json with its time limit and retry policy.

Everything that needs the definition takes it from here, so that what is drawn, checked and tested is what is deployed.
The functions' ARNs are still placeholders such as `${PinInputs}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statemachine.bounds import longest_seconds
from statemachine.retries import retriers
from tuner.settings import DeploymentSettings

SOURCE = Path(__file__).parent / "customization.asl.json"


def definition(settings: DeploymentSettings | None = None) -> dict[str, Any]:
    """The whole definition for a deployment, for one with the default settings when None."""
    built = source()
    built["TimeoutSeconds"] = longest_seconds(built, settings or DeploymentSettings())
    for name, state in tasks(built):
        state["Retry"] = [retrier.entry() for retrier in retriers(name)]
    return built


def source() -> dict[str, Any]:
    """The file as it is read by people."""
    found: dict[str, Any] = json.loads(SOURCE.read_text("utf-8"))
    return found


def tasks(part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every Task state with its name, those inside a Map too."""
    for name, state in part["States"].items():
        if state["Type"] == "Task":
            yield name, state
        if "ItemProcessor" in state:
            yield from tasks(state["ItemProcessor"])
