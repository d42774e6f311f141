"""Summarizes a generation: for the run's folder, the report and the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tuner import catalog
from tuner.artifacts.generated import CostBound, GeneratedDocument, GeneratedSet, GeneratedSummary
from tuner.core.wording import plural
from tuner.generation.dedup import OTHER_SET
from tuner.generation.document_split import MORE_QUESTIONS, GenerationSet
from tuner.generation.documents import DocumentChunks
from tuner.generation.generator import GenerationResult

_DOCUMENTS_NAMED = 5
_REASONS_NAMED = 3


def summarize(
    model: str,
    documents: DocumentChunks,
    made: Sequence[tuple[GenerationSet, GenerationResult]],
    bound: CostBound,
    alone: bool = False,
) -> GeneratedSummary:
    """The summary of a finished generation. `bound` is what it could have taken at most.

    `alone`: the documents are the whole dataset.
    """
    results = [result for _, result in made]
    pairs = [pair for result in results for pair in result.pairs]
    stand_in = next((result.stand_in for result in results if result.stand_in), "")
    names = sorted({chunk.document for chunk in documents.chunks} | set(documents.unusable))
    return GeneratedSummary(
        complete=all(len(result.pairs) == entry.count for entry, result in made),
        asked=sum(entry.count for entry, _ in made),
        model=model,
        name=stand_in or catalog.judge_or_assumed(model).name,
        stand_in=bool(stand_in),
        pairs=len(pairs),
        calls=sum(result.calls for result in results),
        input_tokens=sum(result.input_tokens for result in results),
        output_tokens=sum(result.output_tokens for result in results),
        dropped=dict(_dropped(results).most_common()),
        most=bound,
        documents=tuple(
            GeneratedDocument(
                name=name,
                parts=sum(chunk.document == name for chunk in documents.chunks),
                pairs=sum(pair.document == name for pair in pairs),
                unusable=documents.unusable.get(name),
            )
            for name in names
        ),
        sets=tuple(_set(entry, result) for entry, result in reversed(made)) if alone else (),
    )


def _set(entry: GenerationSet, result: GenerationResult) -> GeneratedSet:
    repeats = sum(number for reason, number in result.dropped.items() if reason.startswith(OTHER_SET))
    return GeneratedSet(
        role=entry.role, parts=len(entry.chunks), asked=entry.count, pairs=len(result.pairs), repeats=repeats
    )


def _dropped(results: Sequence[GenerationResult]) -> Counter[str]:
    return sum((result.dropped for result in results), Counter[str]())


def shortfall_message(result: GenerationResult, count: int, documents: DocumentChunks, setting: str) -> str:
    """Why there are fewer pairs than asked for, and what to do. `setting` is what asked for them."""
    return (
        f"The documents gave {len(result.pairs)} of {count} question-answer pairs, in {result.calls} requests about "
        f"{plural(len(documents.chunks), 'part')}; {_why([result])} "
        f"Add documents, or set {setting} to at most {len(result.pairs)}.{''.join(_unusable_lines(documents))}"
    )


def too_few_message(summary: GeneratedSummary, needed: str, results: Sequence[GenerationResult]) -> str:
    """Why the pairs of documents that are the whole dataset are too few for the model, and what to do."""
    counts = ", ".join(f"{entry.pairs} of {entry.asked} {entry.role} questions" for entry in summary.sets)
    unusable = "".join(_lines([entry.unusable for entry in summary.documents if entry.unusable]))
    return (
        f"The documents gave too few questions: {counts}. {needed} {_why(results)} {MORE_QUESTIONS} The questions are "
        f"kept in the run's folder, in generated/.{unusable}"
    )


def _why(results: Sequence[GenerationResult]) -> str:
    """How many pairs were dropped, with the most frequent reasons, and what the first failed request said."""
    dropped = _dropped(results)
    why = "; ".join(f"{number} because {reason.rstrip('.')}" for reason, number in dropped.most_common(_REASONS_NAMED))
    refusals = [refusal for result in results for refusal in result.refusals]
    refused = f" {len(refusals)} requests failed: {refusals[0]}" if refusals else ""
    return f"{dropped.total()} pairs were dropped{f': {why}' if why else ''}.{refused}"


def _unusable_lines(documents: DocumentChunks) -> Iterator[str]:
    return _lines(list(documents.unusable.values()))


def _lines(sentences: Sequence[str]) -> Iterator[str]:
    """A line for each of the first unusable documents."""
    yield from (f"\n{sentence}" for sentence in sentences[:_DOCUMENTS_NAMED])
    if len(sentences) > _DOCUMENTS_NAMED:
        yield f"\n... and {len(sentences) - _DOCUMENTS_NAMED} more documents."
