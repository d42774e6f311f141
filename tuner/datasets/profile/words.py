"""Words of any language, for comparing texts: letters' case, punctuation and spaces do not count."""

from __future__ import annotations

import re
from itertools import pairwise

# Scripts written without spaces are cut where the kind of letter changes; hiragana, mostly grammar, is left out.
_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[\u30a0-\u30ff]+|[\u3400-\u9fff]+|[\uac00-\ud7af]+")
_FILLER = frozenset(
    re.findall(
        r"\w+",
        """a about after all also am an and any are as at be been before being between both but by can could do does did
        each for from give had has have how i if in into is it its me more most my no not of on one or other our over
        please same should so some such tell than that the their them then there these they this those through to under
        up us use used uses using very was we were what when where which while who whom whose why will with would you
        your""",
    )
)


def words(text: str) -> list[str]:
    """The text's words, case folded, in their order."""
    return _WORD.findall(text.casefold())


def shingles(text: str) -> list[str]:
    """Words and pairs of neighbours: what two texts must share to be near duplicates."""
    found = words(text)
    return found + [f"{first} {second}" for first, second in pairwise(found)]


def terms(text: str) -> set[str]:
    """The words that carry a subject, a plural's `s` taken off."""
    return {stem(word) for word in words(text) if word not in _FILLER and (len(word) > 1 or not word.isascii())}


def stem(word: str) -> str:
    """`agents` and `agent` are one subject; nothing more is attempted."""
    return word[:-1] if len(word) > 3 and word.isascii() and word.endswith("s") and not word.endswith("ss") else word


def plain(text: str) -> str:
    """The text without case, punctuation and spaces: equal for questions that differ in nothing else."""
    return "".join(letter for letter in text.casefold() if letter.isalnum()) or text
