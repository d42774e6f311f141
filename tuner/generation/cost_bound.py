"""The most that a generation can cost, before it costs anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.errors import BudgetExceededError, DatasetError
from tuner.costs.estimate import priced_as
from tuner.costs.prices import PriceList, price_list
from tuner.generation.chunks import Part
from tuner.generation.documents import Library
from tuner.generation.generator import most_calls
from tuner.generation.requests import MOST_PAIRS, most_tokens

# A token has 3 bytes or more in the languages that models are trained on: 4 letters of English, a letter of Chinese.
_BYTES_PER_TOKEN = 3
# What a page costs a model that looks at it as a picture. Source: Anthropic's documentation on PDF files, 2026.
_TOKENS_PER_PAGE = 3_000
# Instructions, the tool's schema, and the questions that are there already.
_TOKENS_AROUND = 4_000
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Bound:
    """Upper limits. `usd` is None when a price is not known."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None


def affordable(library: Library, count: int, model: str, budget_usd: float, prices: PriceList | None = None) -> Bound:
    """The most that `count` pairs take. A price that is not known is not counted, as in every estimate.

    `prices` are those of the deployment, the packaged ones when None.

    Raises DatasetError when no document can be used, BudgetExceededError when it could cost more than the budget.
    """
    if not library.parts and not library.unusable:
        raise DatasetError("There are no documents: add PDF, DOCX, HTML, Markdown or text files.")
    if not library.parts:
        lines = "".join(f"\n{sentence}" for sentence in list(library.unusable.values())[:_NAMED])
        raise DatasetError(f"None of the {len(library.unusable)} documents can be used. Nothing has been spent.{lines}")
    found = prices or price_list()
    read, written = (found.find(item, priced_as(model)) for item in ("input", "output"))
    most = bound(library.parts, count, read.usd if read else None, written.usd if written else None)
    if most.usd is not None and most.usd > budget_usd:
        raise BudgetExceededError(
            f"Generating {count} pairs may take up to {most.calls} requests and ${most.usd:,.2f}, over the budget of "
            f"${budget_usd:,.2f}. Nothing has been spent. Ask for fewer pairs, name a cheaper model, upload validation "
            "data of your own, or raise the budget."
        )
    return most


def bound(parts: Sequence[Part], count: int, per_input: float | None, per_output: float | None) -> Bound:
    """The most that `count` pairs from `parts` take, at these prices of a token in USD."""
    calls = most_calls(len(parts), count)
    largest = max((_tokens(part) for part in parts), default=0)
    read, written = calls * (largest + _TOKENS_AROUND), calls * most_tokens(min(MOST_PAIRS, count))
    usd = None if per_input is None or per_output is None else read * per_input + written * per_output
    return Bound(calls, read, written, usd)


def _tokens(part: Part) -> int:
    return math.ceil(len(part.text.encode()) / _BYTES_PER_TOKEN) + part.pages * _TOKENS_PER_PAGE
