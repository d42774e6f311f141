"""The part of a report that tells of the dataset (`dataset/summary.json`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.report.base import Part


class Coverage(Part):
    """How much the training data says about what one question asks."""

    subject: tuple[str, ...] = Field((), description="words that carry the question's subject")
    records: int = Field(description="training records that speak of it")
    mentions: int = Field(0, description="how often they do")


class QuestionCoverage(Coverage):
    """The same, as the study of the dataset lists it."""

    question: str = Field(description="its beginning")


class Lengths(Part):
    """Tokens of a file's texts."""

    smallest: float | None = None
    p5: float | None = None
    median: float | None = None
    p95: float | None = None
    largest: float | None = None


class Opening(Part):
    """How several answers begin."""

    words: str
    records: int


class StudiedFile(Part):
    """What the records of one file are like."""

    records: int = 0
    prompt_tokens: Lengths = Lengths()
    completion_tokens: Lengths = Lengths()
    answers_with_lists: float | None = Field(None, description="share of the answers")
    openings: tuple[Opening, ...] = ()
    languages: dict[str, int] = Field(default_factory=dict, description="records by ISO 639-1 code, of the first ones")


class Study(Part):
    """What the dataset is like, beyond being right."""

    training: StudiedFile | None = None
    validation: StudiedFile | None = None
    evaluation: StudiedFile | None = None
    coverage: tuple[QuestionCoverage, ...] = Field((), description="of the first questions, the least covered on top")


class DatasetVerdict(Part):
    """What the findings come to."""

    state: Literal["ready", "ready with warnings", "not ready"]
    sentence: str
    fix_first: tuple[str, ...] = ()


class DatasetSummary(Part):
    """What was made of the dataset."""

    training_records: int | None = None
    validation_records: int | None = None
    evaluation_records: int | None = None
    training_tokens: int | None = None
    validation_tokens: int | None = None
    evaluation_tokens: int | None = None
    tokens_are: str | None = Field(None, description="how tokens were counted")
    validation_from: str | None = Field(None, description="file, held out, or generated from documents")
    evaluation_from: str | None = Field(None, description="file or validation")
    verdict: DatasetVerdict | None = None
    study: Study | None = None
