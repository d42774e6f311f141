"""Which words of an answer the reference does not have, and the reverse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from operator import itemgetter

# Scripts written without spaces: every character is a word of its own, as sacrebleu and ROUGE for Chinese take it.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['’.-][^\W{_UNSPACED}]+)*|\s+|[^\w\s]")

# SequenceMatcher's time grows with the product: about half a second at this size. Longer pairs are shown unmarked.
_LARGEST_PRODUCT = 2_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text; `marked` when the other text does not have it."""

    text: str
    marked: bool


def differences(answer: str, reference: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Both texts whole, as spans: of the answer, what the reference has not; of the reference, what the answer has not.

    Case, spaces and punctuation make no difference.
    """
    left, right = _TOKEN.findall(answer), _TOKEN.findall(reference)
    left_words, right_words = _words(left), _words(right)
    if not left_words or not right_words or len(left_words) * len(right_words) > _LARGEST_PRODUCT:
        return _plain(answer), _plain(reference)
    matcher = SequenceMatcher(
        None, [left[at].casefold() for at in left_words], [right[at].casefold() for at in right_words], autojunk=False
    )
    blocks = matcher.get_matching_blocks()
    in_left = {left_words[block.a + step] for block in blocks for step in range(block.size)}
    in_right = {right_words[block.b + step] for block in blocks for step in range(block.size)}
    return _spans(left, set(left_words) - in_left), _spans(right, set(right_words) - in_right)


def _words(tokens: Sequence[str]) -> list[int]:
    """Where the words are; the rest is spaces and punctuation."""
    return [at for at, token in enumerate(tokens) if token[0].isalnum() or token[0] == "_"]


def _plain(text: str) -> tuple[Span, ...]:
    return (Span(text, False),) if text else ()


def _spans(tokens: Sequence[str], marked: set[int]) -> tuple[Span, ...]:
    """Neighbours of one kind as one span; spaces and punctuation are marked between two marked words only."""
    words = _words(tokens)
    kinds = [False] * len(tokens)
    for at in marked:
        kinds[at] = True
    for left, right in pairwise(words):
        kinds[left + 1 : right] = [kinds[left] and kinds[right]] * (right - left - 1)
    pairs = zip(kinds, tokens, strict=True)
    return tuple(Span("".join(token for _, token in run), kind) for kind, run in groupby(pairs, key=itemgetter(0)))
