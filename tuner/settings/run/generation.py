"""Settings of validation data and of data that a model writes about documents: `validation` and `generate`."""

from __future__ import annotations

from pydantic import Field

from tuner.core.strict_model import StrictModel


class ValidationSettings(StrictModel):
    """How validation data is made when the dataset has no `validation.*`."""

    fraction: float = Field(
        0.15, gt=0, le=0.5, description="share of the training records that is held out, by content hash"
    )


class GenerateSettings(StrictModel):
    """How data is generated from `documents/*`.

    With `training.*` and without `validation.*`, only validation data is generated. Without `training.*`, every file
    that the dataset lacks is generated, each from other parts of the documents.
    """

    count: int = Field(
        32,
        ge=0,
        le=1000,
        description="with a training file: question-answer pairs of validation data to generate; 0 generates none",
    )
    questions_per_part: int = Field(
        4,
        ge=1,
        le=50,
        description="without a training file: pairs to ask for about each part (about 1,000 characters) of a document",
    )
    most: int = Field(
        1000, ge=1, le=20000, description="without a training file: the most pairs to ask for about all documents"
    )
    validation_share: float = Field(
        0.15, gt=0, le=0.4, description="without a training file: share of the documents for validation questions"
    )
    evaluation_share: float = Field(
        0.15, gt=0, le=0.4, description="without a training file: share of the documents for evaluation questions"
    )
    model: str | None = Field(
        None, description="model id or inference profile that generates; by default the run's judge"
    )
