"""The definition of the state machine as the stack deploys it, and the functions that it calls."""

from __future__ import annotations

import json
import re

from stacks.function_table import STEPS
from statemachine.definition import definition
from tuner.settings import DeploymentSettings


def text(settings: DeploymentSettings | None = None) -> str:
    """The definition as JSON without indentation, because CloudFormation limits the size of a template."""
    return json.dumps(definition(settings), separators=(",", ":"))


def called() -> dict[str, str]:
    """The placeholders of the definition with the steps that they stand for: `{"PinInputs": "pin_inputs", ...}`."""
    # A placeholder that is no step raises a KeyError here, and not at the deployment.
    steps = {placeholder(step.name): step.name for step in STEPS}
    found = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text()))
    return {name: steps[name] for name in found}


def placeholder(step: str) -> str:
    """The placeholder of a step's function: `PinInputs` for `pin_inputs`."""
    return "".join(part.capitalize() for part in step.split("_"))
