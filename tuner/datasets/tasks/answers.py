"""Collects what the recognition of a task needs to know about the answers of a file, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tuner.catalog.tasks import FieldKind
from tuner.core.label_matching import normalised
from tuner.datasets.field_and_role_names import LABELS, normal
from tuner.datasets.tasks.objects import InvalidObjectError, kind_of, parse_object

# A longer answer is no label, also where run.yaml says that the task is a classification.
LONGEST_LABEL = 200
# A file with more different labels is no classification.
_MOST_LABELS = 2_000

FieldKinds = Mapping[str, FieldKind | None]
"""The fields of an object with the types of their values; None for null."""


@dataclass(slots=True)
class SeenLabel:
    """The records that have a label: in which spellings, and where."""

    spellings: Counter[str] = field(default_factory=Counter)
    lines: list[int] = field(default_factory=list)

    @property
    def usual(self) -> str:
        """The most frequent spelling."""
        return self.spellings.most_common(1)[0][0]


class Answers:
    """The answers of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.records = 0
        # The records whose answer is in a field with the name of a label, such as `label` or `intent`.
        self.named_labels = 0
        # By their normalised form, in the order of their first records.
        self.labels: dict[str, SeenLabel] = {}
        # The answers that are too long for a label, or are one too many.
        self.not_labels = 0
        # By line: the fields of each answer that is an object, or why an answer is none. Only answers that begin with
        # a brace or a block of code are parsed, so that a file of free text costs nothing.
        self.objects: dict[int, FieldKinds] = {}
        self.broken_objects: dict[int, str] = {}
        self.other_lines: list[int] = []

    @property
    def are_named_labels(self) -> bool:
        """Whether the field of every answer has the name of a label."""
        return 0 < self.records == self.named_labels

    def add(self, answer: str, line: int, field: str = "") -> None:
        """Counts an answer. `field` is where it is in its record."""
        self.records += 1
        self.named_labels += normal(field) in LABELS
        text = answer.strip()
        self._add_label(text, line)
        if not text.startswith(("{", "```")):
            self.other_lines.append(line)
            return
        try:
            self.objects[line] = {name: kind_of(value) for name, value in parse_object(text).items()}
        except InvalidObjectError as error:
            self.broken_objects[line] = str(error)

    def _add_label(self, text: str, line: int) -> None:
        form = normalised(text) if len(text) <= LONGEST_LABEL else ""
        if not form or (form not in self.labels and len(self.labels) == _MOST_LABELS):
            self.not_labels += 1
            return
        seen = self.labels.setdefault(form, SeenLabel())
        seen.spellings[" ".join(text.split())] += 1
        seen.lines.append(line)
