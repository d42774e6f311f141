"""The tasks that a dataset can be for: the metrics of each, and the measure that decides.

The documentation is docs/tasks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TaskName = Literal["answer", "classification", "extraction"]
FieldKind = Literal["text", "number", "date", "boolean", "list", "object", "any"]
"""The types of a field of an extracted object. `any` is for a field whose values have several types."""


@dataclass(frozen=True, slots=True)
class Task:
    """`metrics` are used unless the run names others. The first measure of `deciding` with scores decides."""

    metrics: tuple[str, ...]
    deciding: tuple[str, ...]


_ANSWER = ("correctness", "preference", "bertscore_f1", "token_f1", "rouge_l", "chrf", "bleu", "exact_match")

TASKS: Mapping[TaskName, Task] = {
    "answer": Task(
        ("correctness", "preference", "bertscore", "rouge", "bleu", "style", "exact_match", "token_f1"), _ANSWER
    ),
    # A label or a field is right or wrong, so no judge is asked.
    "classification": Task(("classification",), ("accuracy",)),
    "extraction": Task(("extraction",), ("field_accuracy",)),
}

DECIDING = tuple(measure for name in ("classification", "extraction", "answer") for measure in TASKS[name].deciding)
"""Every measure that can decide, in the order in which they do: those of a label or a field come first."""
