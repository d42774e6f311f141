"""Settings of the tasks: `classification` and `extraction`."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from tuner.catalog.tasks import FieldKind
from tuner.core.label_matching import normalised
from tuner.core.strict_model import StrictModel
from tuner.core.wording import unknown_name


class ClassificationSettings(StrictModel):
    """The labels of a classification."""

    labels: tuple[str, ...] = Field(
        (), max_length=500, description="all labels; by default those of the training answers"
    )

    @field_validator("labels")
    @classmethod
    def _labels_differ(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        seen: dict[str, str] = {}
        for label in labels:
            form = normalised(label)
            if not form:
                raise ValueError("a label must not be empty")
            if form in seen:
                raise ValueError(
                    f"'{seen[form]}' and '{label}' differ only in case, spaces, marks around them or decimals"
                )
            seen[form] = label
        if len(labels) == 1:
            raise ValueError("must have two entries or more, or none")
        return labels


class ExtractionSettings(StrictModel):
    """The fields of the JSON objects of an extraction."""

    fields: dict[str, FieldKind] = Field(
        default_factory=dict,
        max_length=200,
        description="type of each field (text, number, date, boolean, list, object, any); by default those of the "
        "training answers",
    )
    optional: tuple[str, ...] = Field((), description="those of `fields` that an object can lack")

    @model_validator(mode="after")
    def _optional_fields_exist(self) -> ExtractionSettings:
        for name in self.optional:
            if name not in self.fields:
                raise ValueError(unknown_name("field", name, self.fields))
        return self
