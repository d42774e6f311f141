"""Which words of an answer the reference does not have, and the reverse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

# Scripts written without spaces: every character is a word of its own, as sacrebleu and ROUGE for Chinese take it.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['’.-][^\W{_UNSPACED}]+)*")

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
    left, right = list(_WORD.finditer(answer)), list(_WORD.finditer(reference))
    if not left or not right or len(left) * len(right) > _LARGEST_PRODUCT:
        return _plain(answer), _plain(reference)
    matcher = SequenceMatcher(None, _folded(left), _folded(right), autojunk=False)
    blocks = matcher.get_matching_blocks()
    in_left = {block.a + step for block in blocks for step in range(block.size)}
    in_right = {block.b + step for block in blocks for step in range(block.size)}
    return _spans(answer, left, in_left), _spans(reference, right, in_right)


def _folded(words: Sequence[re.Match[str]]) -> list[str]:
    return [word[0].casefold() for word in words]


def _plain(text: str) -> tuple[Span, ...]:
    return (Span(text, False),) if text else ()


def _spans(text: str, words: Sequence[re.Match[str]], shared: set[int]) -> tuple[Span, ...]:
    """The text in stretches: neighbouring words that are not shared, with what is between them, are one marked span."""
    spans: list[Span] = []
    position = 0
    for is_shared, run in groupby(range(len(words)), key=shared.__contains__):
        if is_shared:
            continue
        places = list(run)
        start, end = words[places[0]].start(), words[places[-1]].end()
        spans += [*_plain(text[position:start]), Span(text[start:end], True)]
        position = end
    return (*spans, *_plain(text[position:]))
