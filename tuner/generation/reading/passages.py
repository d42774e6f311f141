"""Looks for a passage and for numbers in a chunk of a document, word for word.

A model writes quotation marks, dashes and lists in its own way, and the text of a PDF file is broken into lines. So
case, spaces and punctuation are ignored. The marks of Indic and other scripts are not, nor are symbols, and a point,
sign or slash beside a digit: `1.5` is not `15`, `-5` is not `5`, and `C` is neither `C++` nor `C#`.
"""

from __future__ import annotations

import re
import unicodedata

from tuner.datasets.same_question.unicode_form import in_one_form

_NUMBER = re.compile(r"(?:(?<!\w)-)?\d+(?:[.,]\d+)*")
_MINUS_SIGN = re.compile("\N{MINUS SIGN}(?=\\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class ChunkText:
    """The text of a chunk, prepared for the search."""

    def __init__(self, text: str) -> None:
        kept = _kept(text)
        self._text = "".join(letter for _, letter in kept)
        self._places = [place for place, _ in kept]
        self._numbers = set(_numbers(text))

    def has_passage(self, passage: str) -> bool:
        """Whether the passage is in the chunk, and begins and ends between its numbers and names, not inside one."""
        sought = re.escape(essence(passage))
        # A lookahead also finds occurrences that overlap.
        found = re.finditer(f"(?=({sought}))", self._text)
        return any(not self._is_inside(match.start(1)) and not self._is_inside(match.end(1)) for match in found)

    def has_numbers_of(self, answer: str) -> bool:
        """Whether every number of the answer is a number of the chunk."""
        return self._numbers.issuperset(_numbers(answer))

    def _is_inside(self, at: int) -> bool:
        """Whether the characters before and after a place stand side by side in the chunk, and belong together."""
        if not 0 < at < len(self._text) or self._places[at] - self._places[at - 1] > 1:
            return False
        return _belong_together(self._text[at - 1], self._text[at])


def essence(text: str) -> str:
    """Letters, marks, digits and symbols of the text, and the punctuation beside digits, in small letters."""
    return "".join(letter for _, letter in _kept(text))


def _kept(text: str) -> list[tuple[int, str]]:
    """The characters of `essence` with their places in the text, which is brought to one form before."""
    plain = f" {_with_hyphens(text).lower()} "
    return [
        (place, letter)
        for place, (before, letter, after) in enumerate(zip(plain, plain[1:], plain[2:], strict=False))
        if not letter.isspace() and (_has_meaning(letter) or _is_in_number_or_name(before, letter, after))
    ]


def _with_hyphens(text: str) -> str:
    """The text in one form, in which every negative number has the same sign."""
    return _MINUS_SIGN.sub("-", in_one_form(text))


def _belong_together(before: str, after: str) -> bool:
    """Two digits, a letter and its mark, or a sign beside a letter or digit: `1|5`, `1|.5`, `-|5`, `c|++`.

    Two letters do not: many scripts have no spaces between words. Angle brackets neither: they are tags.
    """
    if before.isdigit() and after.isdigit():
        return True
    if unicodedata.category(after)[0] == "M":
        return True
    return _is_sign(before) != _is_sign(after) and not {before, after} & {"<", ">"}


def _is_sign(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] == "P" or category in ("Sm", "Sc") or letter == "°"


def _has_meaning(letter: str) -> bool:
    return unicodedata.category(letter)[0] not in "PC" and letter not in "`´^~|"  # marks of typing and Markdown


def _is_in_number_or_name(before: str, letter: str, after: str) -> bool:
    """Whether punctuation is between digits, a minus sign before one, a percent sign after one, or as in `C#`."""
    if letter == "#" and before.isalpha():
        return True
    if after.isdigit():
        return before.isdigit() or (letter == "-" and not before.isalnum())
    return before.isdigit() and letter == "%"


def _numbers(text: str) -> list[str]:
    """The numbers of a text, without separators of thousands."""
    return [_THOUSANDS.sub("", number) for number in _NUMBER.findall(_with_hyphens(text))]
