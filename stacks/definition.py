"""The state machine's definition as the stack uses it, and which functions it calls."""

from __future__ import annotations

import json
import re

from stacks.step_table import STEPS
from statemachine.format import DEFINITION


def text() -> str:
    """The file without its indentation: a template's size is limited."""
    return json.dumps(json.loads(DEFINITION.read_text("utf-8")), separators=(",", ":"))


def called() -> dict[str, str]:
    """`{"PinInputs": "pin_inputs", ...}`: the definition's placeholders and whose functions they stand for."""
    steps = {placeholder(step.name): step.name for step in STEPS}
    found = dict.fromkeys(re.findall(r"\$\{(\w+)\}", DEFINITION.read_text("utf-8")))
    return {name: steps[name] for name in found}


def placeholder(step: str) -> str:
    """`pin_inputs` is `${PinInputs}` in the definition."""
    return "".join(part.capitalize() for part in step.split("_"))
