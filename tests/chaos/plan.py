"""What the harness and the cloud's server tell each other: plans, and a journal of what was invoked."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Act = Literal[
    "rules",
    "crash before",
    "crash after",
    "out of time",
    "twice",
    "cold",
    "throttled",
    "stale reads",
    "hold before",
    "hold after",
]
# An Inactive function is met by so many attempts of a state until it is ready, and throttling of minutes by so many.
_TIMES: dict[Act, int] = {"cold": 4, "throttled": 6}


@dataclass(frozen=True)
class Plan:
    """`act` happens when `place` is met, the first time or the first `times`. `rules` go to the proxy's control
    address."""

    number: int
    place: str
    act: Act
    rules: list[dict[str, Any]] = field(default_factory=list)
    proxy: str = ""

    @property
    def times(self) -> int:
        """How often it is played."""
        return _TIMES.get(self.act, 1)


class Plans:
    """The plans of the cloud in this folder. One that is taken away lets go whoever it holds."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "chaos" / "plans.json"

    def read(self) -> list[Plan]:
        """All plans."""
        return [Plan(**plan) for plan in json.loads(self._path.read_text())] if self._path.exists() else []

    def write(self, plans: list[Plan]) -> None:
        """Makes these the cloud's plans."""
        self._path.parent.mkdir(exist_ok=True)
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps([asdict(plan) for plan in plans]))
        draft.replace(self._path)


class Journal:
    """Lines of JSON. The server writes what it invokes, the proxy every call: each its own file."""

    def __init__(self, folder: Path, name: str = "invocations") -> None:
        self.path = folder / "chaos" / f"{name}.jsonl"
        self._lock = threading.Lock()

    def write(self, what: str, **facts: Any) -> None:
        """Adds a line."""
        line = json.dumps({"at": time.time(), "what": what, **facts}) + "\n"
        with self._lock:
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("a") as file:
                file.write(line)

    def size(self) -> int:
        """Where the next line will be."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, position: int) -> list[dict[str, Any]]:
        """Lines from this position on; a line that is still being written is left for the next time."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(position)
            whole, _, _ = file.read().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]
