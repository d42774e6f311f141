"""Settings of the tasks `classification` and `extraction`, and of a scorer of one's own (`scorer` in run.yaml)."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from tuner.catalog.tasks import FieldKind
from tuner.core.labels import normalised
from tuner.core.strict_model import Number, StrictModel
from tuner.settings.evaluation import check_names


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
                raise ValueError(f"'{seen[form]}' and '{label}' differ only in case, spaces or punctuation at the end")
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
        check_names(self.optional, list(self.fields), "field")
        return self


class ScorerExample(StrictModel):
    """A question and its reference, which the scorer is tried with before a run spends anything."""

    question: str | None = Field(None, min_length=1, description="a question; by default one is made up")
    reference: str | None = Field(
        None,
        min_length=1,
        description="its reference, in the form that the function expects; by default one is made up for the task",
    )


class ScorerSettings(StrictModel):
    """A Lambda function that scores the answers, in the form of AWS's reward functions."""

    name: str | None = Field(None, min_length=1, description="one of the deployment's `scorers`; by default none")
    range: tuple[Number, Number] = Field(
        (0.0, 1.0),
        description="lowest and highest score; others are not used, and a failed answer gets the lowest",
    )
    batch: int = Field(10, ge=1, le=100, description="answers in one call of the function")
    seconds: float = Field(60, ge=1, le=180, description="longest wait for one call")
    example: ScorerExample = ScorerExample()

    @field_validator("range")
    @classmethod
    def _ascends(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds[0] >= bounds[1]:
            raise ValueError("must begin with the lower number")
        return bounds
