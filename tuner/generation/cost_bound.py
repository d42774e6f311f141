"""Computes the most that a generation can cost, and refuses it before the first request if it may exceed the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuner.artifacts.generated import CostBound
from tuner.core.errors import BudgetExceededError, DatasetError
from tuner.costs.estimate import priced_as
from tuner.costs.prices.price_list import PriceList, price_list
from tuner.generation.chunks import Chunk
from tuner.generation.documents import DocumentChunks
from tuner.generation.generator import max_requests
from tuner.generation.requests import MAX_PAIRS_PER_REQUEST, max_tokens

# A token has at least 3 bytes in the languages that models are trained on: 4 letters of English, a letter of Chinese.
_BYTES_PER_TOKEN = 3
# Tokens of a PDF page for a model that also reads it as an image. Source: Anthropic's documentation on PDF files, 2026.
_TOKENS_PER_PAGE = 3_000
# Instructions, the tool's schema, and the questions asked before.
_TOKENS_PER_REQUEST = 4_000
_DOCUMENTS_NAMED = 5


def check_budget(
    documents: DocumentChunks, count: int, model: str, budget_usd: float, prices: PriceList | None = None
) -> CostBound:
    """The most that `count` pairs can take. An unknown price is not counted, as in every estimate.

    `prices` are those of the deployment; None means the packaged ones. Raises DatasetError when no document can be
    used, BudgetExceededError when the generation may cost more than the budget.
    """
    refuse_if_unusable(documents)
    found = prices or price_list()
    input_price, output_price = (found.find(item, priced_as(model)) for item in ("input", "output"))
    bound = cost_bound(
        documents.chunks, count, input_price.usd if input_price else None, output_price.usd if output_price else None
    )
    if bound.usd is not None and bound.usd > budget_usd:
        raise BudgetExceededError(
            f"Generating {count} pairs may take up to {bound.calls} requests and ${bound.usd:,.2f}, over the budget of "
            f"${budget_usd:,.2f}. Nothing has been spent. Ask for fewer pairs, choose a cheaper model, upload "
            "validation data of your own, or raise the budget."
        )
    return bound


def refuse_if_unusable(documents: DocumentChunks) -> None:
    """Raises DatasetError when no document can be used."""
    if not documents.chunks and not documents.unusable:
        raise DatasetError("There are no documents: add PDF, DOCX, HTML, Markdown or text files.")
    if not documents.chunks:
        lines = "".join(f"\n{sentence}" for sentence in list(documents.unusable.values())[:_DOCUMENTS_NAMED])
        raise DatasetError(
            f"None of the {len(documents.unusable)} documents can be used. Nothing has been spent.{lines}"
        )


def cost_bound(
    chunks: Sequence[Chunk], count: int, usd_per_input_token: float | None, usd_per_output_token: float | None
) -> CostBound:
    """The most that `count` pairs from `chunks` can take at these prices."""
    calls = max_requests(len(chunks), count)
    # Any chunk may be asked about in every request, so each request is counted with the largest one.
    largest = max((_tokens(chunk) for chunk in chunks), default=0)
    input_tokens = calls * (largest + _TOKENS_PER_REQUEST)
    output_tokens = calls * max_tokens(min(MAX_PAIRS_PER_REQUEST, count))
    usd = None
    if usd_per_input_token is not None and usd_per_output_token is not None:
        usd = input_tokens * usd_per_input_token + output_tokens * usd_per_output_token
    return CostBound(calls=calls, input_tokens=input_tokens, output_tokens=output_tokens, usd=usd)


def _tokens(chunk: Chunk) -> int:
    return math.ceil(len(chunk.text.encode()) / _BYTES_PER_TOKEN) + chunk.pages * _TOKENS_PER_PAGE
