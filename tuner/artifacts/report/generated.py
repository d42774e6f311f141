"""The part of a report on validation data that was made from documents (`generated/`)."""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.report.base import Part


class Origin(Part):
    """A question-answer pair, and the words of the document that it is from."""

    question: str
    answer: str
    document: str
    place: str = Field("", description="pages or part; empty for a document that was read in one piece")
    passage: str


class GeneratedDocument(Part):
    """What a document gave."""

    name: str
    parts: int = Field(0, description="pieces that it was read in")
    pairs: int = 0
    unusable: str | None = Field(None, description="why it gave nothing, and what to do")


class Generated(Part):
    """Validation data made from documents."""

    complete: bool = Field(description="whether there are as many pairs as asked for")
    pairs: int
    asked: int | None = None
    model: str | None = Field(None, description="model id or inference profile that was asked")
    name: str | None = None
    stand_in: bool = False
    calls: int | None = Field(None, description="requests")
    input_tokens: int | None = None
    output_tokens: int | None = None
    dropped: dict[str, int] = Field(default_factory=dict, description="pairs that were not used, by why")
    documents: tuple[GeneratedDocument, ...] = ()
    origins: tuple[Origin, ...] = Field((), description="every pair, in the order of the validation data")
    left_out: str | None = Field(None, description="why nothing was asked, when nothing was")
