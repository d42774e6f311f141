"""Formats customization.asl.json: `python3 -m statemachine.format`. A value that fits on one line is on one line."""

from __future__ import annotations

import json
from typing import Any

from statemachine.definition import SOURCE, source

_WIDTH = 120
# Catch entries repeat in many states. On one line each, a difference between two states is visible.
_LINE_EACH = ("Catch",)


def formatted(value: Any, indent: str = "", line_each: bool = False) -> str:
    """`value` as JSON. With `line_each`, every entry of a list gets exactly one line."""
    flat = json.dumps(value, ensure_ascii=False)
    is_state = isinstance(value, dict) and ("Type" in value or "StartAt" in value)
    if (
        not isinstance(value, dict | list)
        or not value
        or (len(indent + flat) < _WIDTH and not is_state and not line_each)
    ):
        return flat
    deeper = indent + "  "
    if isinstance(value, list):
        lines = [json.dumps(entry, ensure_ascii=False) if line_each else formatted(entry, deeper) for entry in value]
        opening, closing = "[]"
    else:
        lines = [f"{json.dumps(key)}: {formatted(entry, deeper, key in _LINE_EACH)}" for key, entry in value.items()]
        opening, closing = "{}"
    return opening + "\n" + ",\n".join(deeper + line for line in lines) + "\n" + indent + closing


if __name__ == "__main__":
    SOURCE.write_text(formatted(source()) + "\n", "utf-8")
