"""The state machine's definition as the stack uses it, and which functions it calls."""

from __future__ import annotations

import json
import re

from stacks.step_table import STEPS
from statemachine.definition import definition
from tuner.settings import DeploymentSettings


def text(settings: DeploymentSettings | None = None) -> str:
    """Without indentation: a template's size is limited."""
    return json.dumps(definition(settings), separators=(",", ":"))


def called() -> dict[str, str]:
    """`{"PinInputs": "pin_inputs", ...}`: the definition's placeholders and whose functions they stand for."""
    steps = {placeholder(step.name): step.name for step in STEPS}
    found = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text()))
    return {name: steps[name] for name in found}


def placeholder(step: str) -> str:
    """`pin_inputs` is `${PinInputs}` in the definition."""
    return "".join(part.capitalize() for part in step.split("_"))
