"""The task of a dataset: what its answers are, as far as the evaluation must know."""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.catalog.tasks import FieldKind, TaskName


class FieldSchema(Part):
    """A field of the objects that a model extracts."""

    name: str
    kind: FieldKind = "any"
    required: bool = True
    nullable: bool = Field(False, description="whether null is a value that the training answers have")


class TaskDescription(Part):
    """What the answers of a dataset are."""

    name: TaskName = "answer"
    recognised: bool = Field(True, description="false: run.yaml sets the task")
    sentence: str = Field("", description="why it is this task")
    labels: dict[str, int] = Field(
        default_factory=dict, description="of a classification: training records by label; the label's usual spelling"
    )
    fields: tuple[FieldSchema, ...] = Field((), description="of an extraction")
