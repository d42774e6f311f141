"""The files that the harness and the cloud's server share: fault plans, and a journal of invocations and calls."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Action = Literal[
    "rules",
    "crash before",
    "crash after",
    "out of time",
    "twice",
    "cold",
    "throttled",
    "stale reads",
    "hold before",
    "hold during",
    "hold after",
    "another turn",
]
# How many reads miss a resource that Bedrock creates after the fault.
STALE_READS = 2
# How many invocations an Inactive function refuses, and how many a function refuses that is throttled for minutes.
_TIMES: dict[Action, int] = {"cold": 4, "throttled": 6}


@dataclass(frozen=True)
class Plan:
    """`action` happens when the run first reaches `place`. The proxy gets the `rules` at its control address."""

    number: int
    place: str
    action: Action
    # Rules of microburst, the proxy. Their format is microburst's own.
    rules: Sequence[Mapping[str, Any]] = ()
    proxy: str = ""

    @property
    def times(self) -> int:
        """How many times the action happens."""
        return _TIMES.get(self.action, 1)


class Plans:
    """The plans of the cloud in a folder. Removing a plan releases the invocation or wait that it holds."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "chaos" / "plans.json"

    def read(self) -> list[Plan]:
        """All plans."""
        return [Plan(**plan) for plan in json.loads(self._path.read_text())] if self._path.exists() else []

    def write(self, plans: list[Plan]) -> None:
        """Replace all plans."""
        self._path.parent.mkdir(exist_ok=True)
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps([asdict(plan) for plan in plans]))
        draft.replace(self._path)


class Journal:
    """A file with lines of JSON. The server writes one with its invocations, the proxy one with all calls."""

    def __init__(self, folder: Path, name: str = "invocations") -> None:
        self.path = folder / "chaos" / f"{name}.jsonl"
        self._lock = threading.Lock()

    def write(self, kind: str, **facts: Any) -> None:
        """Append an entry. Its members depend on its kind."""
        line = json.dumps({"at": time.time(), "kind": kind, **facts}) + "\n"
        with self._lock:
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("a") as file:
                file.write(line)

    def size(self) -> int:
        """The position of the next entry."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, position: int) -> list[dict[str, Any]]:
        """The entries from this position on. An incomplete last line is left out, because it is still being written."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(position)
            complete, _, _ = file.read().rpartition(b"\n")
        return [json.loads(line) for line in complete.splitlines()]
