"""Marks the words of an answer that the reference does not have, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby

from tuner.evaluation.tokens import Token, placed_tokens

# The time of SequenceMatcher grows with the product of the lengths: half a second at this size. Longer pairs are
# shown without marks.
_LARGEST_PRODUCT = 2_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text. `marked`: the other text does not have it."""

    text: str
    marked: bool


def differences(answer: str, reference: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Both texts in full as spans, with the words marked that the other text does not have.

    The words are the tokens of the measures, so spaces, case and the punctuation of prose are ignored.
    """
    left, right = _tokens(answer), _tokens(reference)
    if not left or not right or len(left) * len(right) > _LARGEST_PRODUCT:
        return _plain(answer), _plain(reference)
    # Without autojunk=False, frequent words of long texts would never match.
    matcher = SequenceMatcher(None, _folded(left), _folded(right), autojunk=False)
    blocks = matcher.get_matching_blocks()
    in_left = {block.a + step for block in blocks for step in range(block.size)}
    in_right = {block.b + step for block in blocks for step in range(block.size)}
    return _spans(answer, left, in_left), _spans(reference, right, in_right)


# A question's reference is compared with the answers of two models.
@lru_cache(maxsize=2)
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(placed_tokens(text))


def _folded(words: Sequence[Token]) -> list[str]:
    return [word.folded for word in words]


def _plain(text: str) -> tuple[Span, ...]:
    return (Span(text, False),) if text else ()


def _spans(text: str, words: Sequence[Token], shared: set[int]) -> tuple[Span, ...]:
    """The text as spans. Neighbouring words that are not shared form one span, with the characters between them."""
    spans: list[Span] = []
    position = 0
    for is_shared, run in groupby(range(len(words)), key=shared.__contains__):
        if is_shared:
            continue
        places = list(run)
        start, end = words[places[0]].start, words[places[-1]].end
        spans += [*_plain(text[position:start]), Span(text[start:end], True)]
        position = end
    return (*spans, *_plain(text[position:]))
