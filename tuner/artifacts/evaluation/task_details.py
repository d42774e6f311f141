"""What scores.json has beside the measures of a classification or an extraction."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import ContestantName, PerContestant


class LabelResult(Part):
    """How one model does on one label."""

    precision: float | None = Field(None, description="null when the model never gave the label")
    recall: float | None = None
    f1: float | None = None


class LabelScores(PerContestant):
    """One label of a classification."""

    label: str
    questions: int = Field(description="questions whose reference has the label")
    by_contestant: dict[ContestantName, LabelResult] = Field(default_factory=dict)


class Confusion(PerContestant):
    """How often each model gave each answer to the questions of one label: the confusion matrix's row."""

    label: str
    by_contestant: dict[ContestantName, dict[str, int]] = Field(default_factory=dict)


class OutsideAnswers(Part):
    """The answers of a model that are none of the labels."""

    answers: int = 0
    texts: dict[str, int] = Field(default_factory=dict, description="the most frequent ones")


class ClassificationDetails(PerContestant):
    """The labels of a classification, and which ones are confused. Of the contestants: the answers outside the labels.

    In `confusion`, the answers outside the labels are counted as `(outside the labels)`, and those that were not given
    as `(no answer)`.
    """

    OUTSIDE: ClassVar[str] = "(outside the labels)"
    NO_ANSWER: ClassVar[str] = "(no answer)"

    labels: tuple[str, ...] = ()
    scores: tuple[LabelScores, ...] = ()
    confusion: tuple[Confusion, ...] = ()
    by_contestant: dict[ContestantName, OutsideAnswers] = Field(default_factory=dict)


class ExtractionDetails(Part):
    """What was counted about the JSON objects of an extraction."""

    base_fenced: int = Field(0, description="answers of the base model in a block of code, which counts as JSON")
    tuned_fenced: int = Field(0, description="those of the tuned model")
    unusable_references: int = Field(0, description="references that are no JSON object: their fields are not measured")


class ScorerDetails(Part):
    """The deployer's own scorer, and how many of its scores could be used."""

    name: str
    range: tuple[float, float]
    asked: int = Field(0, description="answers that it was asked to score")
    missing: int = Field(0, description="answers without a usable score")
