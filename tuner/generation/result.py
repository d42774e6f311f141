"""What became of a generation, for the report, the command line and errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tuner import catalog
from tuner.generation.cost_bound import Bound
from tuner.generation.documents import Library
from tuner.generation.generator import Generated

_NAMED = 5


def summary(model: str, library: Library, made: Generated, count: int, most: Bound) -> dict[str, Any]:
    """The shape of `generated/summary.json`. `most` is what it could have taken; what was used stands beside it."""
    names = sorted({part.document for part in library.parts} | set(library.unusable))
    return {
        "schema_version": 1,
        "complete": len(made.pairs) == count,
        "asked": count,
        "model": model,
        "name": made.stand_in or (catalog.judge_or_assumed(model).name),
        "stand_in": bool(made.stand_in),
        "pairs": len(made.pairs),
        "calls": made.calls,
        "input_tokens": made.input_tokens,
        "output_tokens": made.output_tokens,
        "dropped": dict(made.dropped.most_common()),
        "most": asdict(most),
        "documents": [
            {
                "name": name,
                "parts": sum(part.document == name for part in library.parts),
                "pairs": sum(pair.document == name for pair in made.pairs),
                "unusable": library.unusable.get(name),
            }
            for name in names
        ],
    }


def short_of(made: Generated, count: int, library: Library) -> str:
    """Why there are fewer pairs than asked for, and what to do."""
    why = "; ".join(f"{number} because {reason.rstrip('.')}" for reason, number in made.dropped.most_common(3))
    refused = f" {len(made.refusals)} requests were refused: {made.refusals[0]}" if made.refusals else ""
    parts = f"{len(library.parts)} part{'' if len(library.parts) == 1 else 's'}"
    return (
        f"The documents gave {len(made.pairs)} of {count} question-answer pairs, in {made.calls} requests about "
        f"{parts}; {made.dropped.total()} pairs were dropped{f': {why}' if why else ''}.{refused} "
        f"Add documents, or ask for at most {len(made.pairs)}.{unusable(library)}"
    )


def unusable(library: Library) -> str:
    """A line for each of the first documents that gave nothing."""
    return "".join(_lines(library))


def _lines(library: Library) -> Iterator[str]:
    sentences = list(library.unusable.values())
    yield from (f"\n{sentence}" for sentence in sentences[:_NAMED])
    if len(sentences) > _NAMED:
        yield f"\n... and {len(sentences) - _NAMED} more documents."
