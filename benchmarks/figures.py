"""The figures of a benchmark: a measured number and its goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number and its goal."""

    name: str
    value: float
    goal: float
    unit: str = ""
    kind: Literal["at least", "at most"] = "at most"

    @property
    def holds(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.kind == "at least" else self.value <= self.goal

    def __str__(self) -> str:
        sign = ">=" if self.kind == "at least" else "<="
        state = "holds" if self.holds else "falls short"
        return f"{self.name} figure={self.value:.4g}{self.unit} goal={sign}{self.goal:g}{self.unit} {state}"
