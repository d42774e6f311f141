"""Summarizes a generation: for the run's folder, the report and the command line."""

from __future__ import annotations

from collections.abc import Iterator

from tuner import catalog
from tuner.artifacts.generated import CostBound, GeneratedDocument, GeneratedSummary
from tuner.generation.documents import DocumentChunks
from tuner.generation.generator import GenerationResult

_DOCUMENTS_NAMED = 5
_REASONS_NAMED = 3


def summarize(
    model: str, documents: DocumentChunks, result: GenerationResult, count: int, bound: CostBound
) -> GeneratedSummary:
    """The summary of a finished generation. `bound` is what it could have taken at most."""
    names = sorted({chunk.document for chunk in documents.chunks} | set(documents.unusable))
    return GeneratedSummary(
        complete=len(result.pairs) == count,
        asked=count,
        model=model,
        name=result.stand_in or catalog.judge_or_assumed(model).name,
        stand_in=bool(result.stand_in),
        pairs=len(result.pairs),
        calls=result.calls,
        input_tokens=result.input_tokens,
        output_tokens=result.output_tokens,
        dropped=dict(result.dropped.most_common()),
        most=bound,
        documents=tuple(
            GeneratedDocument(
                name=name,
                parts=sum(chunk.document == name for chunk in documents.chunks),
                pairs=sum(pair.document == name for pair in result.pairs),
                unusable=documents.unusable.get(name),
            )
            for name in names
        ),
    )


def shortfall_message(result: GenerationResult, count: int, documents: DocumentChunks, setting: str) -> str:
    """Why there are fewer pairs than asked for, and what to do. `setting` is what asked for them."""
    reasons = result.dropped.most_common(_REASONS_NAMED)
    why = "; ".join(f"{number} because {reason.rstrip('.')}" for reason, number in reasons)
    refused = f" {len(result.refusals)} requests failed: {result.refusals[0]}" if result.refusals else ""
    chunks = f"{len(documents.chunks)} part{'' if len(documents.chunks) == 1 else 's'}"
    return (
        f"The documents gave {len(result.pairs)} of {count} question-answer pairs, in {result.calls} requests about "
        f"{chunks}; {result.dropped.total()} pairs were dropped{f': {why}' if why else ''}.{refused} "
        f"Add documents, or set {setting} to at most {len(result.pairs)}.{''.join(_unusable_lines(documents))}"
    )


def _unusable_lines(documents: DocumentChunks) -> Iterator[str]:
    """A line for each of the first unusable documents."""
    sentences = list(documents.unusable.values())
    yield from (f"\n{sentence}" for sentence in sentences[:_DOCUMENTS_NAMED])
    if len(sentences) > _DOCUMENTS_NAMED:
        yield f"\n... and {len(sentences) - _DOCUMENTS_NAMED} more documents."
