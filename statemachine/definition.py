"""Builds the deployed definition: customization.asl.json with its time limit and retry policy.

The stack, the documentation and the tests all use this definition, so that they cannot differ. The ARNs of functions
are still placeholders such as `${PinInputs}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statemachine.bounds import max_seconds
from statemachine.retries import retriers
from tuner.settings import DeploymentSettings

SOURCE = Path(__file__).parent / "customization.asl.json"


def definition(settings: DeploymentSettings | None = None) -> dict[str, Any]:
    """The definition for a deployment. Without settings, for one with the default settings."""
    built, settings = source(), settings or DeploymentSettings()
    for state in built["States"].values():
        if state["Type"] == "Map":
            state["MaxConcurrency"] = max(1, settings.functions_per_run)
    # Computed, because a limit that is too short would end a run that the settings allow, and its endpoint with it.
    built["TimeoutSeconds"] = max_seconds(built, settings)
    for name, state in tasks(built):
        state["Retry"] = [retrier.entry() for retrier in retriers(name)]
    return built


def source() -> dict[str, Any]:
    """The content of customization.asl.json, without time limit and retries."""
    found: dict[str, Any] = json.loads(SOURCE.read_text("utf-8"))
    return found


def tasks(part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every Task state with its name, including those inside a Map."""
    for name, state in part["States"].items():
        if state["Type"] == "Task":
            yield name, state
        if "ItemProcessor" in state:
            yield from tasks(state["ItemProcessor"])
