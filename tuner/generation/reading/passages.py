"""Looks for a passage and for numbers in a chunk of a document, word for word.

A model writes quotation marks, dashes and lists in its own way, and the text of a PDF file is broken into lines. So
case, spaces and punctuation are ignored, but not the marks of Indic and other scripts, not symbols, and no point, sign
or slash beside a digit: `1.5` is not `15`, and `-5` is not `5`.
"""

from __future__ import annotations

import re
import unicodedata

from tuner.datasets.same_question.unicode_form import in_one_form

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class ChunkText:
    """The text of a chunk, prepared for the search."""

    def __init__(self, text: str) -> None:
        self._text = essence(text)
        self._numbers = set(_numbers(text))

    def has_passage(self, passage: str) -> bool:
        """Whether the passage is in the chunk."""
        return essence(passage) in self._text

    def has_numbers_of(self, answer: str) -> bool:
        """Whether every number of the answer is a number of the chunk."""
        return self._numbers.issuperset(_numbers(answer))


def essence(text: str) -> str:
    """Letters, marks, digits and symbols of the text, and the punctuation beside digits, in small letters."""
    plain = f" {in_one_form(text).lower()} "
    return "".join(
        letter
        for before, letter, after in zip(plain, plain[1:], plain[2:], strict=False)
        if not letter.isspace() and (_has_meaning(letter) or _is_in_number(before, letter, after))
    )


def _has_meaning(letter: str) -> bool:
    return unicodedata.category(letter)[0] not in "PC" and letter not in "`´^~|"  # marks of typing and Markdown


def _is_in_number(before: str, letter: str, after: str) -> bool:
    """Whether punctuation belongs to a number: between digits, a minus sign before one, a percent sign after one."""
    if after.isdigit():
        return before.isdigit() or (letter == "-" and not before.isalnum())
    return before.isdigit() and letter == "%"


def _numbers(text: str) -> list[str]:
    """The numbers of a text, without separators of thousands."""
    return [_THOUSANDS.sub("", number) for number in _NUMBER.findall(in_one_form(text))]
