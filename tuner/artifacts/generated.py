"""`generated/`: data that a model wrote from documents."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.core.artifact_keys import Keys
from tuner.core.run import DataRole

GENERATED_KEYS: dict[DataRole, str] = {
    "training": Keys.GENERATED_TRAINING,
    "validation": Keys.GENERATED,
    "evaluation": Keys.GENERATED_EVALUATION,
}
"""The file of each role."""


class GeneratedPair(Part):
    """A record of `generated/*.jsonl`: a question-answer pair, and the passage of the document that it is from."""

    question: str
    answer: str
    document: str
    place: str = Field("", description="pages or part; empty for a document that was read in one piece")
    passage: str


class GeneratedDocument(Part):
    """What a document contributed."""

    name: str
    parts: int = Field(0, description="pieces that it was read in")
    pairs: int = 0
    unusable: str | None = Field(None, description="why it gave nothing, and what to do")


class CostBound(Part):
    """Upper limits of a generation, known before its first request."""

    calls: int = Field(description="requests")
    input_tokens: int
    output_tokens: int
    usd: float | None = Field(None, description="null when a price is not known")


class GeneratedSet(Part):
    """A file that was generated from documents that are the whole dataset."""

    role: DataRole
    parts: int = Field(description="parts of the documents that its questions are about; no other set has them")
    asked: int = Field(description="pairs asked for")
    pairs: int
    repeats: int = Field(0, description="pairs that were left out because they repeat a pair of another set")


class GenerationFigures(Part):
    """What a generation made, and what it took. The report shows these too."""

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
    most: CostBound | None = Field(None, description="the most that the requests could take")
    documents: tuple[GeneratedDocument, ...] = ()
    left_out: str | None = Field(None, description="why nothing was asked, when nothing was")
    sets: tuple[GeneratedSet, ...] = Field(
        (), description="for documents that are the whole dataset: the files; otherwise empty"
    )

    @property
    def sentence(self) -> str:
        """How many of the requested questions were generated, if documents are the whole dataset; else empty."""
        if not self.sets:
            return ""
        counts = [f"{entry.pairs:,} of {entry.asked:,} {entry.role} questions" for entry in self.sets]
        fewer = "" if self.complete else " The run goes on with fewer than it asked for."
        repeats = sum(entry.repeats for entry in self.sets)
        verb = "pair was" if repeats == 1 else "pairs were"
        left_out = f" {repeats:,} {verb} left out because of repeating a question of another set." if repeats else ""
        return f"From the documents: {', '.join(counts)}, each set from other parts of them.{fewer}{left_out}"


class GeneratedSummary(GenerationFigures, Artifact):
    """`generated/summary.json`."""

    NAME: ClassVar[str] = Keys.GENERATED_SUMMARY
