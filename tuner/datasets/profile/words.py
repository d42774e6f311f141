"""Splits texts of any language into words for comparison. Case, punctuation and spaces are ignored."""

from __future__ import annotations

import re
from itertools import pairwise

# Scripts without spaces are split where the kind of letter changes. Hiragana is left out, because it is mostly grammar.
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
    """The words of the text in their order, with case folded."""
    return _WORD.findall(text.casefold())


def shingles(text: str) -> list[str]:
    """Words and pairs of adjacent words: what near duplicates share."""
    found = words(text)
    return found + [f"{first} {second}" for first, second in pairwise(found)]


def terms(text: str) -> set[str]:
    """The words that can be a subject, without the `s` of a plural."""
    return {stem(word) for word in words(text) if word not in _FILLER and (len(word) > 1 or not word.isascii())}


def stem(word: str) -> str:
    """Removes a plural `s`, so that `agents` and `agent` are the same subject."""
    return word[:-1] if len(word) > 3 and word.isascii() and word.endswith("s") and not word.endswith("ss") else word


def plain(text: str) -> str:
    """The letters and digits of the text, with case folded; the text itself when it has none."""
    return "".join(letter for letter in text.casefold() if letter.isalnum()) or text
