"""`python3 -m statemachine.format` writes the definition as it should be read: what fits on a line stands on one.

JSON has no way to share a list of retries between states, so each of them gets one line, however long.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).parent / "customization.asl.json"
_WIDTH = 120
_LINE_EACH = ("Retry", "Catch")


def formatted(value: Any, indent: str = "", line_each: bool = False) -> str:
    """`value` as JSON; `line_each`: every entry of this list gets exactly one line."""
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
    DEFINITION.write_text(formatted(json.loads(DEFINITION.read_text("utf-8"))) + "\n", "utf-8")
