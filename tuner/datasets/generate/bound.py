"""The most that a generation can cost, before it costs anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.datasets.generate.asking import most_tokens
from tuner.datasets.generate.parts import Part
from tuner.datasets.generate.rounds import largest_ask, most_calls

# A token has 3 bytes or more in the languages that models are trained on: 4 letters of English, a letter of Chinese.
_BYTES_PER_TOKEN = 3
# What a page costs a model that looks at it as a picture. Source: Anthropic's documentation on PDF files, 2026.
_TOKENS_PER_PAGE = 3_000
# Instructions, the tool's schema, and the questions that are there already.
_TOKENS_AROUND = 4_000


@dataclass(frozen=True, slots=True)
class Bound:
    """Upper limits. `usd` is None when a price is not known."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None


def bound(parts: Sequence[Part], count: int, prices: tuple[float | None, float | None]) -> Bound:
    """The most that `count` pairs from `parts` take; `prices` are those of a token read and of one written, in USD."""
    calls = most_calls(len(parts), count)
    largest = max((_tokens(part) for part in parts), default=0)
    read, written = calls * (largest + _TOKENS_AROUND), calls * most_tokens(largest_ask(len(parts), count))
    per_input, per_output = prices
    known = per_input is not None and per_output is not None
    return Bound(calls, read, written, read * per_input + written * per_output if known else None)  # type: ignore[operator]


def _tokens(part: Part) -> int:
    return math.ceil(len(part.text.encode()) / _BYTES_PER_TOKEN) + part.pages * _TOKENS_PER_PAGE
