"""Splits texts of any language into words and signs, for comparison and for counting."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby, pairwise

_FIRST_MARK, _AFTER_MARKS = 0x300, 0x20000  # beyond are only variation selectors


def _class_of_marks() -> str:
    """The characters of category M, for a class of a regular expression. `\\w` lacks them, but they spell words."""
    marks = (number for number in range(_FIRST_MARK, _AFTER_MARKS) if unicodedata.category(chr(number))[0] == "M")
    runs = (list(run) for _, run in groupby(enumerate(marks), lambda pair: pair[1] - pair[0]))
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)


_MARKS = _class_of_marks()
# Scripts without spaces are split where the kind of letter changes.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
# A point or comma between digits belongs to the number; `+` and `#` at the end belong to a name such as C++ or C#.
_SPACED_WORD = rf"(?:[^\W_{_UNSPACED}]|[{_MARKS}]|(?<=\d)[.,](?=\d))+(?:(?<=[A-Za-z])[+#]{{1,2}}(?!\w))?"
_UNSPACED_WORDS = r"[\u30a0-\u30ff]+|[\u3400-\u9fff]+|[\uac00-\ud7af]+"
_WORD = re.compile(f"{_SPACED_WORD}|{_UNSPACED_WORDS}")  # without Hiragana, which is mostly grammar
_TOKEN = re.compile(rf"{_SPACED_WORD}|{_UNSPACED_WORDS}|[\u3040-\u309f]+|\S")
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


def tokens(text: str) -> list[str]:
    """The words and signs of the text in their order. Case stays."""
    return _TOKEN.findall(text)


def shingles(text: str) -> list[str]:
    """Tokens and pairs of adjacent tokens: what near duplicates share."""
    found = tokens(text)
    return found + [f"{first} {second}" for first, second in pairwise(found)]


def terms(text: str) -> set[str]:
    """The words that can be a subject, without the `s` of a plural."""
    return {stem(word) for word in words(text) if word not in _FILLER and (len(word) > 1 or not word.isascii())}


def stem(word: str) -> str:
    """Removes a plural `s`, so that `agents` and `agent` are the same subject."""
    return word[:-1] if len(word) > 3 and word.isascii() and word.endswith("s") and not word.endswith("ss") else word
